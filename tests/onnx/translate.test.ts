/** Translation of ONNX graphs: what is said of what can't be, and what becomes of constants and views. */
import { expect, test } from 'vitest'
import { WgcError } from '../../compiler/errors.js'
import type { AttributeProto, GraphProto, ModelProto, NodeProto } from '../../compiler/import/onnx/protos.js'
import { readModel } from '../../compiler/import/onnx/reader.js'
import { tensorValues } from '../../compiler/import/onnx/tensors.js'
import { translate } from '../../compiler/import/onnx/translate.js'
import { haveCases, loadCases } from './cases.js'

const attribute = (name: string, more: Partial<AttributeProto>): AttributeProto => ({
  ...{ name, type: 0, f: 0, i: 0, s: '', floats: [], ints: [], strings: [], ref: '' },
  ...more,
})

const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  ...attributes: AttributeProto[]
): NodeProto => ({
  ...{ op, domain: '', name: '', inputs, outputs },
  attributes: new Map(attributes.map((a) => [a.name, a])),
})

/** Values of an initialiser, of float or (7) int64. */
const tensor = (name: string, dims: number[], values: number[], type = 1) => ({
  ...{ name, dims, type, ints: type === 1 ? [] : values, strings: [], external: undefined, raw: undefined },
  fixed: type === 1 ? [new Uint8Array(Float32Array.from(values).buffer)] : [],
})

const graph = (nodes: NodeProto[], inputs: string[], outputs: string[], more: Partial<GraphProto> = {}) => ({
  ...{ name: 'test', nodes, initializers: [], values: [], sparse: 0 },
  inputs: inputs.map((name) => ({ name, type: 1, shape: undefined })),
  outputs: outputs.map((name) => ({ name, type: 1, shape: undefined })),
  ...more,
})

const model = (g: GraphProto): ModelProto => ({
  ...{ irVersion: 10, producer: '', functions: [], graph: g },
  opsets: new Map([['', 21]]),
})

const run = (g: GraphProto, shapes: Record<string, number[]>) =>
  translate(model(g), 'm.onnx', new Map(Object.entries(shapes)))

function errorOf(g: GraphProto, shapes: Record<string, number[]> = { x: [2, 3] }): WgcError {
  try {
    run(g, shapes)
  } catch (e) {
    if (e instanceof WgcError) return e
    throw e
  }
  throw new Error('nothing was wrong')
}

test('views make no nodes, and what follows sees the new shape', () => {
  const shape = tensor('shape', [2], [3, -1], 7)
  const nodes = [node('Reshape', ['x', 'shape'], ['r']), node('Relu', ['r'], ['y'])]
  const made = run(graph(nodes, ['x'], ['y'], { initializers: [shape] }), { x: [2, 6] })
  expect(made.graph.nodes.map((n) => [n.op, n.inputs.x, n.sizes])).toEqual([['unary', 'x', { M: 3, D: 4 }]])
  expect(made.outputs[0]!.value.shape).toEqual([3, 4])
})

test('what follows from constants is computed', () => {
  const a = tensor('a', [2, 2], [1, 2, 3, 4])
  const made = run(graph([node('MatMul', ['a', 'a'], ['y'])], [], ['y'], { initializers: [a] }), {})
  expect(made.graph.nodes).toEqual([])
  expect([...made.outputs[0]!.value.data!]).toEqual([7, 10, 15, 22])
})

test('a constant matrix is a weight, in rows of outputs', () => {
  const w = tensor('w', [3, 2], [1, 2, 3, 4, 5, 6])
  const made = run(graph([node('MatMul', ['x', 'w'], ['y'])], ['x'], ['y'], { initializers: [w] }), {
    x: [5, 3],
  })
  const [linear] = made.graph.nodes
  expect(linear!.op).toBe('linear')
  const weight = made.graph.tensors.get(linear!.inputs.w!)!
  expect([weight.kind, weight.shape, [...weight.data!]]).toEqual(['weight', [2, 3], [1, 3, 5, 2, 4, 6]])
})

test('one constant is one tensor, however often it is read', () => {
  const c = tensor('c', [3], [1, 2, 3])
  const nodes = [node('Add', ['x', 'c'], ['a']), node('Mul', ['a', 'c'], ['y'])]
  const made = run(graph(nodes, ['x'], ['y'], { initializers: [c] }), { x: [2, 3] })
  expect([...made.graph.tensors.values()].filter((t) => t.kind === 'const')).toHaveLength(1)
})

test('a branch that a constant decides is taken', () => {
  const branch = (op: string) =>
    attribute(op === 'Relu' ? 'then_branch' : 'else_branch', {
      type: 5,
      g: graph([node(op, ['x'], ['inner'])], [], ['inner']),
    })
  const yes = tensor('yes', [], [1], 9)
  const nodes = [node('If', ['yes'], ['y'], branch('Relu'), branch('Exp'))]
  const made = run(graph(nodes, ['x'], ['y'], { initializers: [yes] }), { x: [2] })
  expect(made.graph.nodes.map((n) => n.attrs.OP)).toEqual(['relu'])
  expect(errorOf(graph(nodes, ['x', 'yes'], ['y']), { x: [2], yes: [] }).code).toBe('WGC233')
})

test('an unknown operator is named, with those that are near', () => {
  const e = errorOf(graph([node('Relus', ['x'], ['y'])], ['x'], ['y']))
  expect([e.code, e.message]).toEqual(['WGC234', 'the ONNX operator Relus is not supported'])
  expect(e.hint).toContain('Relu')
})

test('what decides shapes must be known', () => {
  const e = errorOf(graph([node('Reshape', ['x', 's'], ['y'])], ['x', 's'], ['y']), { x: [6], s: [2] })
  expect([e.code, e.message]).toEqual([
    'WGC233',
    'Reshape: its input s decides what is computed, and is known only when the model runs',
  ])
})

test.each([
  ['an attribute of another type', node('LeakyRelu', ['x'], ['y'], attribute('alpha', { type: 2 }))],
  ['an axis that is none', node('Softmax', ['x'], ['y'], attribute('axis', { type: 2, i: 5 }))],
  ['an input that is never made', node('Relu', ['z'], ['y'])],
  ['an input left out', node('Add', ['x'], ['y'])],
  ['shapes that do not broadcast', node('Add', ['x', 'v'], ['y'])],
  ['matrices that do not fit', node('MatMul', ['x', 'x'], ['y'])],
])('%s is an error of the node', (_, wrong) => {
  const e = errorOf(graph([wrong], ['x', 'v'], ['y']), { x: [2, 3], v: [2] })
  expect(e.code).toBe('WGC232')
  expect(e.message).toContain(wrong.op)
})

/** Numbers that look random, and are the same in every run. */
function* numbers(): Generator<number> {
  for (let seed = 1; ; ) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    yield seed >>> 8
  }
}

test.skipIf(!haveCases)('models with a bit changed are translated or refused, never a fault', () => {
  const random = numbers()
  const next = (n: number) => random.next().value % n
  const faults: string[] = []
  for (const c of loadCases().filter((_, i) => i % 10 === 0))
    for (let turn = 0; turn < 10; turn++) {
      const bytes = Uint8Array.from(c.bytes)
      bytes[next(bytes.length)]! ^= 1 << next(8)
      try {
        const damaged = readModel(bytes, c.name)
        const given = damaged.graph.inputs.flatMap((v, i) => {
          const t = c.inputs[i]
          return t ? [[v.name, t] as const] : []
        })
        const shapes = new Map(given.map(([name, t]) => [name, t.dims]))
        const fixed = new Map(given)
        translate(damaged, c.name, shapes, (name) => tensorValues(fixed.get(name)!, c.name))
      } catch (e) {
        if (!(e instanceof WgcError) || e.code === 'WGC901') faults.push(`${c.name}: ${e}`)
      }
    }
  expect(faults).toEqual([])
})
