/** `wgc models`: families that can be built, and presets with their sizes. */
import type { Command } from 'commander'
import type { Bits } from '../passes/precision.js'
import { type CommonOptions, command } from './command.js'
import { bytes, count, print, table } from './output.js'

const EXAMPLES = ['wgc models', 'wgc build --model tinyllama --out out/tinyllama']

export function modelsCommand(): Command {
  return command('models', 'list the model families and the presets, with their memory', EXAMPLES).action(run)
}

const BITS = ['f32', 'f16', 8, 4] as const satisfies Bits[]

interface PresetSizes {
  name: string
  family: string
  parameters: number
  /** Tokens of the KV cache below. */
  context: number
  /** Bytes of the weights. */
  weights: Record<(typeof BITS)[number], number>
  /** Bytes of a KV cache of `context` tokens, of f16. */
  kv: number
}

/** Tokens of the KV cache that memory is given for, if the model allows as many: what `wgc build` takes. */
const CONTEXT = 4096
const GROUP = 64

async function run(options: CommonOptions): Promise<void> {
  const { families } = await import('../models/index.js')
  const known = families.map(({ family, architectures }) => ({ family, architectures }))
  const presets = await presetSizes()
  print(options.json, { families: known, presets }, () => [
    ...table([['family', 'architectures'], ...known.map((f) => [f.family, f.architectures.join(', ')])]),
    '',
    ...table(
      [
        ['preset', 'family', 'parameters', '16 bits', '8 bits', '4 bits', 'KV cache'],
        ...presets.map((p) => [
          p.name,
          p.family,
          count(p.parameters),
          ...([p.weights.f16, p.weights[8], p.weights[4]] as const).map(bytes),
          `${bytes(p.kv)} (${p.context} tokens)`,
        ]),
      ],
      [2, 3, 4, 5],
    ),
    '',
    `Memory is that of the weights, in groups of ${GROUP}; the KV cache, of f16, comes on top.`,
    'A preset has dimensions only: its bundle holds kernels and plan, no weights.',
  ])
}

/** Sizes of every preset, from its graph: no second count of what a family holds. */
async function presetSizes(): Promise<PresetSizes[]> {
  const [{ presets, configReader }, { familyOf }, { precision }, { layoutNamed }, { groupOf }] =
    await Promise.all([
      import('../import/index.js'),
      import('../models/index.js'),
      import('../passes/precision.js'),
      import('../formats/layouts.js'),
      import('../formats/formats.js'),
    ])
  const rows = layoutNamed('rows')
  return Object.entries(presets).map(([name, config]) => {
    const reader = configReader(config, `preset ${name}`)
    const family = familyOf(config.model_type, config.architectures)
    const context = Math.min(CONTEXT, family.maxContext(reader))
    const model = family.model(reader, { context, has: () => true })
    const graph = model.graph(model.programs[0]!)
    const tensors = [...graph.tensors.values()]
    const elements = (kind: string) =>
      tensors
        .filter((t) => t.kind === kind)
        .reduce((sum, t) => sum + t.shape.reduce((n: number, d) => n * Number(d), 1), 0)
    const weights = (bits: Bits) =>
      [...precision(graph, { bits, group: GROUP }).tensors.values()].reduce((sum, { weight, shape }) => {
        if (!weight?.format) return sum
        const [n, k] = (shape.length < 2 ? [1, shape[0]] : shape) as [number, number]
        const { data, scale } = rows.bytes(weight.format, n, k, groupOf(weight.format, weight.group))
        return sum + data + scale
      }, 0)
    return {
      name,
      family: family.family,
      parameters: elements('weight'),
      context,
      weights: Object.fromEntries(BITS.map((b) => [b, weights(b)])) as Record<(typeof BITS)[number], number>,
      kv: elements('state') * 2,
    }
  })
}
