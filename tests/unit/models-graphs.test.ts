/** The graphs of families, before and after the passes, by the operators' references: no kernels. */
import { describe, expect, test } from 'vitest'
import { describe as describeModel } from '../../compiler/build/describe.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { importModel, withDerived } from '../../compiler/import/index.js'
import { deviation, GOLDENS, readTensors } from '../helpers/goldens.js'
import { interpreter } from '../helpers/interpret.js'
import { whyAbsent } from '../helpers/models.js'

const names = ['llama', 'qwen2', 'qwen3', 'mistral', 'gemma3', 'phi3', 'gpt2']

async function graphs(folder: string, fuse: boolean) {
  const imported = await importModel(folder)
  const model = describeModel(imported, { model: folder, out: '' })
  const binding = Number.POSITIVE_INFINITY
  const programs = programGraphs(model, { bits: 'f32', group: 64, kv: 'f32', fuse, binding })
  return {
    graph: (name: string) => programs.find((p) => p.spec.name === name)!.graph,
    weights: withDerived(imported.weights!, model.derived),
    close: () => imported.close(),
  }
}

describe.skipIf(whyAbsent(GOLDENS))('goldens in float64', () => {
  describe.each(names)('%s', (name) => {
    const folder = `${GOLDENS}/${name}`
    test.each([
      ['unfused', false],
      ['fused', true],
    ])('%s', async (_, fuse) => {
      const io = readTensors(`${folder}/io.safetensors`)
      const ids = io['output.greedy_ids']!.data
      const prompt = io['input.input_ids']!.data
      const { graph, weights, close } = await graphs(folder, fuse)
      const states = new Map<string, Float64Array>()
      const forward = await interpreter(graph('forward'), weights, states)
      const at = { seq: prompt.length, past: 0 }
      const out = forward.run({ tokens: ids }, at)
      expect(deviation(out.get(outputOf(graph('forward')))!, io['output.logits']!.data)).toBeLessThan(2e-5)
      const decode = await interpreter(graph('decode'), weights, states)
      const next = ids.slice(prompt.length, -1).map((_, i) => {
        const step = { seq: 1, past: prompt.length + i }
        return best(decode.run({ tokens: ids }, step).get(outputOf(graph('decode')))!)
      })
      expect(next).toEqual(ids.slice(prompt.length + 1))
      await close()
    })
  })
})

/** Operators of a layer at decode, fused: what families may cost. */
const layer = {
  plain: ['rmsnorm', 'linear', 'rope_kv', 'attention', 'linear', 'rmsnorm', 'linear', 'linear'],
  // Four norms, two of which sum: the first norm of a layer is made with the sum before it.
  gemma: ['linear', 'rope_kv', 'attention', 'linear', 'rmsnorm', 'add_rmsnorm'],
  gpt: ['layernorm', 'linear', 'rope_kv', 'attention', 'linear', 'layernorm', 'linear', 'linear'],
}

describe.skipIf(whyAbsent(GOLDENS))('fused layers', () => {
  test.each([
    ...['llama', 'qwen2', 'qwen3', 'mistral', 'phi3'].map((name) => [name, layer.plain] as const),
    ['gemma3', [...layer.gemma, 'linear', 'linear', 'rmsnorm', 'add_rmsnorm']] as const,
    ['gpt2', layer.gpt] as const,
  ])('%s', async (name, operators) => {
    const { graph, close } = await graphs(`${GOLDENS}/${name}`, true)
    await close()
    const ops = graph('decode').nodes.map((n) => n.op)
    const from = ops.indexOf(operators[0]!)
    expect(ops.slice(from, from + operators.length)).toEqual(operators)
  })
})

const best = (logits: Float64Array) => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))

const outputOf = (graph: { tensors: Map<string, { name: string; kind: string }> }) =>
  [...graph.tensors.values()].find((t) => t.kind === 'output')!.name
