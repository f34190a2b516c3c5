/** `wgc models`: families that can be built, and presets with their sizes. */
import type { Command } from 'commander'
import { type Graph, limitsOf } from '../ir/graph.js'
import { elements, largest } from '../ir/size.js'
import type { Model } from '../models/types.js'
import type { Bits } from '../passes/precision.js'
import { type CommonOptions, command } from './command.js'
import { bytes, count, print, table } from './output.js'

const EXAMPLES = ['wgc models', 'wgc build --model tinyllama --out out/tinyllama']

export function modelsCommand(): Command {
  return command('models', 'list the model families and the presets, with their memory', EXAMPLES).action(run)
}

const BITS = ['f32', 'f16', 8, 4, 3, 2] as const satisfies Bits[]

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
  /** Limits of WebGPU that must be above what every device has. */
  limits: Record<string, number>
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
        [
          ...['preset', 'family', 'parameters', '16 bits', '8 bits', '4 bits', '3 bits', '2 bits'],
          ...['KV cache', 'limits'],
        ],
        ...presets.map((p) => [
          p.name,
          p.family,
          count(p.parameters),
          ...([p.weights.f16, p.weights[8], p.weights[4], p.weights[3], p.weights[2]] as const).map(bytes),
          `${bytes(p.kv)} (${p.context} tokens)`,
          Object.entries(p.limits)
            .map(([name, n]) => `${name} ${bytes(n)}`)
            .join(', ') || 'any',
        ]),
      ],
      [2, 3, 4, 5, 6, 7, 8],
    ),
    '',
    `Memory is that of the weights, in groups of ${GROUP}; the KV cache, of f16, comes on top.`,
    "Limits: those of WebGPU that a device must have above the specification's defaults; any device has those.",
    'A preset has dimensions only: its bundle holds kernels and plan, no weights.',
  ])
}

/** Bytes of the largest operand that can't be cut, as weights are: activations of the longest step, and states. */
function largestOperand(model: Model): number {
  const graphs = model.programs.map((p) => model.graph(p))
  const sizes = graphs.flatMap((graph: Graph) =>
    [...graph.tensors.values()]
      .filter((t) => t.kind !== 'weight')
      .map((t) => largest(elements(t.shape), limitsOf(graph)) * (t.kind === 'state' ? 2 : 4)),
  )
  return sizes.reduce((a, b) => Math.max(a, b), 0)
}

/** Sizes of every preset, from its graph: no second count of what a family holds. */
async function presetSizes(): Promise<PresetSizes[]> {
  const [{ presets, configReader }, { familyOf }, { presetModel }, { precision }, { layoutNamed }] =
    await Promise.all([
      import('../import/index.js'),
      import('../models/index.js'),
      import('../models/preset.js'),
      import('../passes/precision.js'),
      import('../formats/layouts.js'),
    ])
  const [{ groupOf }, { backendLimits }] = await Promise.all([
    import('../formats/formats.js'),
    import('../build/limits.js'),
  ])
  const rows = layoutNamed('rows')
  return Object.entries(presets).map(([name, config]) => {
    const family = familyOf(config.model_type, config.architectures)
    const context = Math.min(CONTEXT, family.maxContext(configReader(config, `preset ${name}`)))
    const model = presetModel(name, context)
    const graphs = model.programs.map((p) => model.graph(p))
    // Programs share weights and states by name.
    const all: Graph = {
      ...graphs[0]!,
      nodes: graphs.flatMap((g) => g.nodes),
      tensors: new Map(graphs.flatMap((g) => [...g.tensors])),
    }
    const limits = Object.assign({}, ...graphs.map(limitsOf)) as Record<string, number>
    const numbers = (kind: string) =>
      [...all.tensors.values()]
        .filter((t) => t.kind === kind)
        .reduce((sum, t) => sum + largest(elements(t.shape), limits), 0)
    const weights = (bits: Bits) =>
      [...precision(all, { bits, group: GROUP }).tensors.values()].reduce((sum, { weight, shape }) => {
        if (!weight?.format) return sum
        const [n, k] = (shape.length < 2 ? [1, shape[0]] : shape) as [number, number]
        const { data, scale } = rows.bytes(weight.format, n, k, groupOf(weight.format, weight.group))
        return sum + data + scale
      }, 0)
    const operand = largestOperand(model)
    return {
      name,
      family: family.family,
      parameters: numbers('weight'),
      context,
      weights: Object.fromEntries(BITS.map((b) => [b, weights(b)])) as PresetSizes['weights'],
      kv: numbers('state') * 2,
      limits: operand > backendLimits.webgpu.binding ? { maxStorageBufferBindingSize: operand } : {},
    }
  })
}
