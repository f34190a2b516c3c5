/**
 * Presets: published dimensions of well-known models, for kernels and plans without weights. A file a family; a new
 * one is a file in `presets/` and a line here.
 */
import { presets as bert } from './presets/bert.js'
import { presets as clap } from './presets/clap.js'
import { presets as clip } from './presets/clip.js'
import { presets as detr } from './presets/detr.js'
import { presets as encodec } from './presets/encodec.js'
import { presets as gemma } from './presets/gemma.js'
import { presets as gpt2 } from './presets/gpt2.js'
import { presets as images } from './presets/images.js'
import { presets as llama } from './presets/llama.js'
import { presets as mistral } from './presets/mistral.js'
import { presets as musicgen } from './presets/musicgen.js'
import { presets as phi } from './presets/phi.js'
import { presets as qwen } from './presets/qwen.js'
import { presets as stableDiffusion } from './presets/stable-diffusion.js'
import { presets as t5 } from './presets/t5.js'
import type { Preset } from './presets/types.js'
import { presets as vit } from './presets/vit.js'
import { presets as wav2vec2 } from './presets/wav2vec2.js'
import { presets as whisper } from './presets/whisper.js'

export const presets: Record<string, Preset> = {
  ...llama,
  ...mistral,
  ...qwen,
  ...gemma,
  ...phi,
  ...gpt2,
  ...bert,
  ...vit,
  ...clip,
  ...images,
  ...wav2vec2,
  ...encodec,
  ...stableDiffusion,
  ...t5,
  ...whisper,
  ...musicgen,
  ...detr,
  ...clap,
}
