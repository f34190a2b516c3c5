/**
 * Stable Diffusion (Rombach et al. 2022), as diffusers saves it: CLIP's text tower, a UNet that finds the noise in
 * latents, and the decoder of an autoencoder. Each is a component of its own; the steps between are the page's, which
 * finds the scheduler's values in the model's preprocessor.
 */
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { type ClipText, clipTextDims, clipTextNorm, clipTextStates } from './blocks/clip.js'
import { graphsOf, making } from './blocks/making.js'
import { type Unet, unet, unetDims } from './blocks/unet.js'
import { type Vae, vaeDecoder, vaeDims } from './blocks/vae.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface StableDiffusion {
  text: ClipText
  unet: Unet
  vae: Vae
}

function part(config: ConfigReader, name: string): ConfigReader {
  return config.section(name) ?? fail('WGC207', [name], { place: { file: config.file } })
}

function dims(config: ConfigReader, options: ModelOptions): StableDiffusion {
  const d: StableDiffusion = {
    text: clipTextDims(part(config, 'text_encoder'), 'text_encoder.text_model.'),
    unet: unetDims(part(config, 'unet'), 'unet.'),
    vae: vaeDims(part(config, 'vae'), 'vae.', options),
  }
  if (d.unet.context !== d.text.hidden)
    fail('WGC422', [
      `the UNet takes rows of ${d.unet.context} (cross_attention_dim), the text encoder makes ${d.text.hidden} (hidden_size)`,
    ])
  if (d.unet.latents[0] !== d.vae.latents || d.unet.out !== d.vae.latents)
    fail('WGC422', [
      `the UNet takes ${d.unet.latents[0]} channels and makes ${d.unet.out}, the autoencoder has ${d.vae.latents}`,
    ])
  return d
}

function graph(d: StableDiffusion, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const [channels, height, width] = d.unet.latents
  const latents = () => g.input('latents', 'f32', [channels, height, width])
  if (program.name === 'text') {
    const states = clipTextStates(m, d.text, { ids: g.input('input_ids', 'u32', ['seq']) })
    g.output(clipTextNorm(m, d.text, states.at(-1)!), 'last_hidden_state')
  }
  if (program.name === 'unet') {
    const inputs = { latents: latents(), timestep: g.input('timestep', 'f32', []) }
    const name = g.input('encoder_hidden_states', 'f32', ['seq', d.unet.context])
    g.output(unet(m, d.unet, { ...inputs, text: { name, rows: m.rows } }).name, 'noise', [
      d.unet.out,
      height,
      width,
    ])
  }
  if (program.name === 'vae') {
    const image = vaeDecoder(m, d.vae, latents(), [height, width])
    g.output(image.name, 'image', [image.channels, image.height, image.width])
  }
  return g.graph
}

export const stableDiffusion: ModelFamily = {
  family: 'stable_diffusion',
  architectures: ['StableDiffusionPipeline'],
  maxContext: (config) =>
    part(config, 'text_encoder').int('max_position_embeddings', { min: 1, default: 77 }),
  model(config, options): Model {
    const d = dims(config, options)
    const context = Math.min(options.context, d.text.positions)
    const programs: ProgramSpec[] = [
      { name: 'text', seq: 'seq', maxSeq: context, component: 'text_encoder' },
      { name: 'unet', seq: 'seq', maxSeq: context, component: 'unet' },
      { name: 'vae', seq: 1, maxSeq: 1, component: 'vae' },
    ]
    const [channels, height, width] = d.unet.latents
    const call = (program: string, inputs: string[], output: string) => ({
      ...{ program, inputs: Object.fromEntries(inputs.map((name) => [name, name])), each: inputs },
      outputs: { [output]: output },
    })
    return {
      family: 'stable_diffusion',
      vocab: d.text.vocab,
      context,
      ...graphsOf(programs, (spec, derived) => graph(d, spec, derived)),
      flow: {
        inputs: [
          { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] },
          { name: 'latents', dtype: 'f32', shape: ['batch', channels, height, width] },
          { name: 'timestep', dtype: 'f32', shape: ['batch'] },
          { name: 'encoder_hidden_states', dtype: 'f32', shape: ['batch', 'tokens', d.unet.context] },
        ],
        calls: [
          call('text', ['input_ids'], 'last_hidden_state'),
          call('unet', ['latents', 'timestep', 'encoder_hidden_states'], 'noise'),
          call('vae', ['latents'], 'image'),
        ],
        outputs: ['last_hidden_state', 'noise', 'image'],
      },
    }
  },
}
