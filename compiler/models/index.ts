/** The families. A new one is a file in this folder and a line here. */
import { fail } from '../errors.js'
import { bert } from './bert.js'
import { clap } from './clap.js'
import { clip } from './clip.js'
import { detr } from './detr.js'
import { distilbert } from './distilbert.js'
import { encodec } from './encodec.js'
import { gemma } from './gemma.js'
import { gemma2 } from './gemma2.js'
import { gemma3 } from './gemma3.js'
import { gpt2 } from './gpt2.js'
import { llama } from './llama.js'
import { llava, llavaNext } from './llava.js'
import { mingpt } from './mingpt.js'
import { mistral } from './mistral.js'
import { musicgen, musicgenDecoder } from './musicgen.js'
import { phi3 } from './phi3.js'
import { qwen2 } from './qwen2.js'
import { qwen2Vl } from './qwen2_vl.js'
import { qwen3 } from './qwen3.js'
import { retsim } from './retsim.js'
import { roberta } from './roberta.js'
import { siglip } from './siglip.js'
import { stableDiffusion } from './stable_diffusion.js'
import { t5 } from './t5.js'
import type { ModelFamily } from './types.js'
import { deit, dinov2, vit } from './vit.js'
import { wav2vec2 } from './wav2vec2.js'
import { whisper } from './whisper.js'
import { xclip } from './xclip.js'

export const families: ModelFamily[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gemma3,
  phi3,
  gpt2,
  mingpt,
  bert,
  roberta,
  distilbert,
  llava,
  llavaNext,
  qwen2Vl,
  t5,
  whisper,
  musicgen,
  musicgenDecoder,
  retsim,
  clip,
  siglip,
  xclip,
  vit,
  deit,
  dinov2,
  wav2vec2,
  encodec,
  stableDiffusion,
  detr,
  clap,
]

/** The family that builds a config's `model_type` and `architectures`. */
export function familyOf(modelType: unknown, architectures: unknown): ModelFamily {
  const names = Array.isArray(architectures) ? architectures : []
  const family = families.find(
    (f) =>
      [f.family, ...(f.types ?? [])].some((type) => type === modelType) &&
      (names.length === 0 || names.some((n) => f.architectures.includes(n))),
  )
  const known = families.flatMap((f) => f.architectures)
  return family ?? fail('WGC420', [`${modelType}`, names.map(String), known])
}
