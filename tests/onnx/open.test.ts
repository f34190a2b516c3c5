/** Model files opened: weights stay in them or beside them, sizes come from flags, and what is wrong is named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { WgcError } from '../../compiler/errors.js'
import { openOnnx } from '../../compiler/import/onnx/open.js'
import type { GraphProto, TensorProto } from '../../compiler/import/onnx/protos.js'
import { readModel } from '../../compiler/import/onnx/reader.js'
import { inputShapes, parseShape } from '../../compiler/import/onnx/sizes.js'
import { translate } from '../../compiler/import/onnx/translate.js'
import { onnxWeights } from '../../compiler/import/onnx/weights.js'
import { graph, model, modelBytes, node, noise, tensor } from './make.js'

const folder = mkdtempSync(join(tmpdir(), 'wgc-onnx-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function written(content: Uint8Array): string {
  const path = join(folder, `m${files++}.onnx`)
  writeFileSync(path, content)
  return path
}

const save = (g: GraphProto, opset = 17): string => written(modelBytes(model(g, opset)))

function errorOf(run: () => unknown): WgcError {
  try {
    run()
  } catch (e) {
    if (e instanceof WgcError) return e
    throw e
  }
  throw new Error('nothing was wrong')
}

const values = (n: number, seed = 1) => {
  const next = noise(seed)
  return Float32Array.from({ length: n }, next)
}

/** The graph of a file, and its weights read whole. */
async function imported(path: string, shapes: Record<string, number[]> = {}) {
  const file = openOnnx(path)
  try {
    const made = translate(file.model, path, inputShapes(file.model, path, new Map(Object.entries(shapes))))
    const source = onnxWeights(path, made.graph, made.stored)
    const weights: Record<
      string,
      { shape: readonly number[]; values: Float32Array; kept: string | undefined }
    > = {}
    for (const name of source.names()) {
      const shape = source.shape(name)
      const half = Math.ceil(shape[0]! / 2)
      const parts = [await source.readRows(name, 0, half), await source.readRows(name, half, shape[0]!)]
      weights[name] = {
        kept: source.kept?.(name)?.format,
        shape,
        values: Float32Array.from(parts.flatMap((p) => [...p])),
      }
    }
    return { ...made, weights }
  } finally {
    file.close()
  }
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).every((v, i) => Math.abs(v - b[i]!) < 1e-6) && a.length === b.length

describe('weights stay in files', () => {
  const [K, N] = [80, 96]
  const w = values(K * N)
  const transposed = Float32Array.from(w, (_, i) => w[(i % K) * N + Math.floor(i / K)]!)
  const product = (initializer: TensorProto) =>
    graph([node('MatMul', ['x', 'w'], ['y'])], [['x', ['batch', K]]], ['y'], [initializer])

  test('a large initialiser is left there, and the model is the same', () => {
    const bytes = modelBytes(model(product(tensor('w', [K, N], w))))
    const file = openOnnx(written(bytes))
    const t = file.model.graph.initializers[0]!
    expect(t.raw).toBeUndefined()
    expect(t.stored!.bytes).toBe(4 * K * N)
    const { stored, ...rest } = t
    const { initializers, ...others } = file.model.graph
    const all = readModel(bytes, 'm')
    expect({ ...rest, raw: stored!.read(0, 4 * K * N) }).toEqual(all.graph.initializers[0])
    expect(others).toEqual({ ...all.graph, initializers: undefined } as never)
    expect(initializers).toHaveLength(1)
    file.close()
  })

  test('a matrix of products is a linear weight, turned round row by row', async () => {
    const { graph: g, weights } = await imported(save(product(tensor('w', [K, N], w))))
    expect(g.nodes.map((n) => n.op)).toEqual(['linear'])
    expect(weights.w!.shape).toEqual([N, K])
    expect(close(weights.w!.values, transposed)).toBe(true)
    expect(g.tensors.get('w')!.data).toBeUndefined()
  })

  test.each([
    ['float', 1, 'f32'],
    ['float16', 10, 'f16'],
  ])('weights of %s are kept as they are', async (_, type, kept) => {
    const { weights } = await imported(save(product(tensor('w', [K, N], w, type))))
    expect(weights.w!.kept).toBe(kept)
  })

  test('a gemm with transB has its rows already', async () => {
    const nodes = [node('Gemm', ['x', 'w'], ['y'], { transB: 1 })]
    const g = graph(nodes, [['x', ['batch', N]]], ['y'], [tensor('w', [K, N], w)])
    const { weights } = await imported(save(g))
    expect(weights.w!.shape).toEqual([K, N])
    expect(close(weights.w!.values, w)).toBe(true)
  })

  test('int8 weights with scales are their values', async () => {
    const q = Int8Array.from({ length: K * N }, (_, i) => ((i * 37) % 255) - 127)
    const scale = values(N, 3).map(Math.abs)
    const nodes = [
      node('DequantizeLinear', ['q', 's'], ['w'], { axis: 1 }),
      node('MatMul', ['x', 'w'], ['y']),
    ]
    const initial = [tensor('q', [K, N], q, 3), tensor('s', [N], scale)]
    const { weights, graph: made } = await imported(save(graph(nodes, [['x', [1, K]]], ['y'], initial)))
    expect(made.nodes.map((n) => n.op)).toEqual(['linear'])
    const wanted = Float32Array.from(w, (_, i) => {
      const [n, k] = [Math.floor(i / K), i % K]
      return q[k * N + n]! * scale[n]!
    })
    expect(close(Object.values(weights)[0]!.values, wanted)).toBe(true)
    expect(Object.values(weights)[0]!.kept).toBe('f16')
  })

  test('a constant node, and a value too large for the graph, stay there too', async () => {
    const nodes = [
      node('Constant', [], ['c'], { value: tensor('', [K * N], w) }),
      node('Add', ['x', 'c'], ['y']),
    ]
    const { graph: g, weights } = await imported(save(graph(nodes, [['x', [1, K * N]]], ['y'])))
    expect([...g.tensors.values()].some((t) => t.kind === 'const')).toBe(false)
    expect(close(Object.values(weights)[0]!.values, w)).toBe(true)
  })

  test('what two nodes read is one weight', async () => {
    const nodes = [node('MatMul', ['x', 'w'], ['a']), node('MatMul', ['z', 'w'], ['b'])]
    const g = graph(
      nodes,
      [
        ['x', [1, K]],
        ['z', [2, K]],
      ],
      ['a', 'b'],
      [tensor('w', [K, N], w)],
    )
    expect(Object.keys((await imported(save(g))).weights)).toEqual(['w'])
  })

  const external = (entries: Record<string, string>, dims = [K, N]): TensorProto => ({
    ...tensor('w', dims, []),
    raw: undefined,
    external: Object.entries(entries),
  })
  mkdirSync(join(folder, 'data'))
  const padded = new Uint8Array(64 + 4 * K * N)
  padded.set(new Uint8Array(w.buffer), 64)
  writeFileSync(join(folder, 'data', 'w.bin'), padded)

  test('data of a file beside the model', async () => {
    const t = external({ location: 'data/w.bin', offset: '64', length: `${4 * K * N}` })
    expect(close((await imported(save(product(t)))).weights.w!.values, transposed)).toBe(true)
  })

  test.each([
    ['a parent folder', { location: '../w.bin' }, /no file beside the model/],
    ['a parent folder, on the way', { location: 'data/../../w.bin' }, /no file beside the model/],
    ['the root', { location: '/etc/passwd' }, /no file beside the model/],
    ['another system’s root', { location: 'C:\\w.bin' }, /no file beside the model/],
    ['a backslash', { location: '..\\w.bin' }, /no file beside the model/],
    ['no name', {}, /no file beside the model/],
    ['a file that is not there', { location: 'gone.bin' }, /./],
    ['an offset that is no number', { location: 'data/w.bin', offset: '-4' }, /offset/],
    ['an offset beyond the end', { location: 'data/w.bin', offset: '99999999' }, /has \d+$/],
    ['a length beyond the end', { location: 'data/w.bin', length: '99999999999999' }, /has \d+$/],
    ['a length that the shape does not ask for', { location: 'data/w.bin', length: '4' }, /asks for/],
  ])('external data in %s is refused', async (_, entries, message) => {
    const path = save(product(external(entries as Record<string, string>)))
    const e = await imported(path).then(
      () => undefined,
      (e: unknown) => e as WgcError,
    )
    expect(e).toBeInstanceOf(WgcError)
    expect(e!.code).toMatch(/WGC2(03|31|35)/)
    expect(e!.message).toMatch(message)
  })
})

describe('damaged files', () => {
  const whole = modelBytes(
    model(
      graph(
        [node('MatMul', ['x', 'w'], ['y'])],
        [['x', [1, 80]]],
        ['y'],
        [tensor('w', [80, 96], values(7680))],
      ),
    ),
  )

  test.each([
    ['nothing', new Uint8Array(0)],
    ['text', Buffer.from('{"model": true}')],
    ['half of it', whole.subarray(0, whole.length >> 1)],
    ['all but the last byte', whole.subarray(0, whole.length - 1)],
    ['twice the same', Buffer.concat([whole, whole])],
    ['a length beyond the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a field with the number 0', Uint8Array.of(0x02, 0x00)],
    ['a group', Uint8Array.of(0x3b, 0x3c)],
  ])('%s is no model', (_, content) => {
    const e = errorOf(() => openOnnx(written(content)))
    expect(e.code).toBe('WGC230')
    expect(e.place!.file).toContain('.onnx')
  })

  test('any byte changed is a model or an error', () => {
    const next = noise(7)
    for (let turn = 0; turn < 200; turn++) {
      const bytes = Uint8Array.from(whole)
      const at = Math.floor(((next() + 1) / 2) * Math.min(400, bytes.length))
      bytes[turn % 2 ? at : bytes.length - 1 - (at % 60)]! ^= 1 << (turn % 8)
      try {
        const path = written(bytes)
        const file = openOnnx(path)
        translate(file.model, path, inputShapes(file.model, path, new Map()))
        file.close()
      } catch (e) {
        if (!(e instanceof WgcError) || e.code === 'WGC901') throw e
      }
    }
  })
})

describe('sizes', () => {
  const g = graph(
    [node('Add', ['a', 'b'], ['y'])],
    [
      ['a', ['batch', 'seq']],
      ['b', ['batch', 'seq']],
    ],
    ['y'],
  )
  const shapes = (given: Record<string, number[]>, of = g) =>
    Object.fromEntries(inputShapes(model(of), 'm.onnx', new Map(Object.entries(given))))

  test('a batch is 1, and a symbol has one size', () => {
    expect(shapes({ a: [2, 7] })).toEqual({ a: [2, 7], b: [2, 7] })
    expect(shapes({}, graph([], [['x', ['N', 3, 8, 8]]], []))).toEqual({ x: [1, 3, 8, 8] })
    expect(shapes({}, graph([], [['x', [-1, 3]]], []))).toEqual({ x: [1, 3] })
    expect(shapes({}, graph([], [['s', [2, 'batch', 128]]], []))).toEqual({ s: [2, 1, 128] })
    expect(shapes({}, graph([], [['sr', []]], []))).toEqual({ sr: [] })
  })

  test('a size that nobody says is asked for', () => {
    const e = errorOf(() => shapes({}))
    expect([e.code, e.message]).toEqual([
      'WGC236',
      'input a has the shape [batch, seq], and wgc needs every size of it',
    ])
    expect(e.hint).toBe('say it: --shape a=1,…')
  })

  test.each([
    ['no such input', { c: [1] }],
    ['another rank', { a: [1] }],
  ])('%s is refused', (_, given) => {
    expect(errorOf(() => shapes(given as never)).code).toBe('WGC237')
  })

  test('a size that the file says is not changed', () => {
    const fixed = graph([], [['x', [1, 3]]], [])
    expect(errorOf(() => shapes({ x: [1, 4] }, fixed)).message).toBe('--shape x: [1, 4] does not fit [1, 3]')
  })

  test.each([
    ['x=1,3,240', ['x', [1, 3, 240]]],
    ['a=b=2', ['a=b', [2]]],
    ['sr=', ['sr', []]],
    ['x', undefined],
    ['x=0', undefined],
    ['x=1,,2', undefined],
    ['x=1.5', undefined],
    ['=1', undefined],
  ])('--shape %s', (text, wanted) => {
    expect(parseShape(text)).toEqual(wanted)
  })
})

describe('what can not be compiled', () => {
  test('all of it is named at once, with operator, domain, name and attributes', () => {
    const nodes = [
      node('Relu', ['x'], ['a']),
      node('StringSplit', ['a'], ['b'], { delimiter: ',' }, '/text/split'),
      node('Relu', ['b'], ['c']),
      node('org.example:Warp', ['a'], ['d'], { k: [1, 2], scale: { float: 0.5 } }, '/warp'),
      node('Sigmoid', ['a'], ['e']),
      node('Softmax', ['a'], ['f'], { axis: 7 }, '/s'),
      node('Add', ['c', 'd'], ['y']),
    ]
    const e = errorOf(() =>
      translate(model(graph(nodes, [['x', [2, 3]]], ['y', 'e'])), 'm.onnx', new Map([['x', [2, 3]]])),
    )
    expect(e.code).toBe('WGC235')
    expect(e.message.split('\n')).toEqual([
      "3 nodes of the model can't be compiled:",
      '  the ONNX operator StringSplit is not supported: StringSplit /text/split (delimiter=",")',
      '  the ONNX operator org.example.Warp is not supported: org.example.Warp /warp (k=[1, 2], scale=0.5)',
      '  Softmax /s (axis=7): axis 7 of a tensor of rank 2',
    ])
  })

  test('of a branch that is not taken nothing is said', () => {
    const branch = (op: string) => graph([node(op, ['x'], ['inner'])], [], ['inner'])
    const yes = tensor('yes', [], [1], 9)
    const either = node('If', ['yes'], ['y'], { then_branch: branch('Relu'), else_branch: branch('Nope') })
    const run = (value: number) =>
      translate(
        model(
          graph(
            [either, node('Relu', ['y'], ['z'])],
            [['x', [2]]],
            ['z'],
            [{ ...yes, raw: Uint8Array.of(value) }],
          ),
        ),
        'm.onnx',
        new Map([['x', [2]]]),
      )
    expect(run(1).graph.nodes).toHaveLength(2)
    expect(errorOf(() => run(0)).message).toBe('the ONNX operator Nope is not supported')
  })
})
