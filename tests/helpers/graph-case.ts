/**
 * A reference case by the operators' float64 references: what a family makes of a config, without kernels and their
 * compilation. Sizes come from the inputs, as at run time.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describe as describeModel } from '../../compiler/build/describe.js'
import { importModel, withDerived } from '../../compiler/import/index.js'
import type { BuildOptions } from '../../compiler/options.js'
import { evaluate } from '../../runtime/expr.js'
import { functions } from '../../runtime/extras.js'
import type { FlowCall } from '../../runtime/format.js'
import { deviation, part, readTensors, type Values } from './goldens.js'
import { interpreter } from './interpret.js'

const product = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)

type Tensors = Record<string, Values>

/** Every value of a flow, from a batch of inputs. */
export async function runGraphs(folder: string, inputs: Tensors): Promise<Tensors> {
  const imported = await importModel(folder)
  const model = describeModel(imported, { model: folder, targets: [] } as unknown as BuildOptions)
  const weights = withDerived(imported.weights!, model.derived)
  const states = new Map<string, Float64Array>()
  const values: Tensors = { ...inputs }
  const sizes: Record<string, number> = {}
  for (const { name, shape } of model.flow!.inputs)
    shape.forEach((e, axis) => {
      const n = values[name]?.shape[axis]
      if (typeof e === 'string' && n !== undefined) sizes[e] ??= n
    })
  for (const { name, shape, fill } of model.flow!.inputs) {
    const all = shape.map((e) => evaluate(e, sizes))
    if (fill === undefined || values[name] || !all.every((n) => n >= 1)) continue
    values[name] = { shape: all, data: new Array(product(all)).fill(fill) }
  }
  for (const call of model.flow!.calls) {
    if (Object.values(call.inputs).some((v) => values[v] === undefined)) continue
    if (call.host === undefined) await runCall(call)
    else runHost(call)
  }
  await imported.close()
  return values

  function runHost({ host = '', args = {}, inputs: from, outputs }: FlowCall) {
    const given = Object.entries(from).map(([port, v]) => {
      const { shape, data } = values[v]!
      return [port, { dtype: 'f32' as const, shape, data: Float32Array.from(data) }]
    })
    const made = functions[host]!(Object.fromEntries(given), args)
    for (const [port, v] of Object.entries(outputs))
      values[v] = { shape: [...made[port]!.shape], data: [...made[port]!.data] }
  }

  async function runCall(call: FlowCall) {
    const spec = model.programs.find((p) => p.name === call.program)!
    const graph = model.graph(spec)
    const run = await interpreter(graph, weights, states)
    const ports = [...graph.tensors.values()]
    const each = Object.values(call.inputs).filter((v) => call.each?.includes(v))
    const count = each.length > 0 ? values[each[0]!]!.shape[0]! : 1
    const made: Record<string, Values[]> = {}
    for (let i = 0; i < count; i++) {
      const at: Record<string, number> = { past: 0, seq: spec.maxSeq }
      const given: Record<string, number[]> = {}
      for (const [port, v] of Object.entries(call.inputs)) {
        const cut = call.each?.includes(v) ?? false
        const { shape: whole, data } = values[v]!
        const shape = cut ? whole.slice(1) : whole
        const t = ports.find((p) => p.kind === 'input' && (p.alias ?? p.name) === port)!
        ;(t.view ?? t.shape).forEach((e, axis) => {
          if (typeof e === 'string') at[e] = shape[axis]!
        })
        const n = product(shape)
        given[t.name] = cut ? data.slice(i * n, (i + 1) * n) : data
      }
      const all = run.run(given, at)
      const lost = [...all].find(([, data]) => data.some(Number.isNaN))
      if (lost) throw new Error(`${lost[0]} holds no numbers`)
      for (const [port, v] of Object.entries(call.outputs)) {
        const t = ports.find((p) => p.kind === 'output' && (p.alias ?? p.name) === port)!
        const shape = (t.view ?? t.shape).map((e) => evaluate(e, at))
        made[v] = [...(made[v] ?? []), { shape, data: [...all.get(t.name)!] }]
      }
    }
    for (const [v, parts] of Object.entries(made)) {
      const lead = each.length > 0 ? [count] : []
      values[v] = { shape: [...lead, ...parts[0]!.shape], data: parts.flatMap((p) => p.data) }
    }
  }
}

/** The case of a folder with config.json, model.safetensors and io.safetensors. */
export function graphCase(folder: string, { bound = 1e-4, except = [] as string[] } = {}): void {
  test('its graph gives what transformers gives', async () => {
    const io = readTensors(join(folder, 'io.safetensors'))
    const made = await runGraphs(folder, part(io, 'input.'))
    for (const [name, expected] of Object.entries(part(io, 'output.'))) {
      if (except.includes(name)) continue
      expect([name, made[name]?.shape]).toEqual([name, expected.shape])
      const off = deviation(made[name]!.data, expected.data)
      expect(off, `${name} is off by ${off} of its standard deviation`).toBeLessThan(bound)
    }
  })
}
