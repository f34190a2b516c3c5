/** Shapes of workgroups that may be asked for by name: found in what is emitted, and computing the same. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create } from 'webgpu'
import { build } from '../../compiler/index.js'
import { libraryKernels } from '../../compiler/select/library.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import { loadWorkgroups, resolveWorkgroups, rulesOf } from '../../compiler/select/workgroups.js'
import { specialize } from '../../compiler/specialize/index.js'
import { reflect } from '../../compiler/validate/index.js'
import type { Manifest } from '../../runtime/format.js'
import { load } from '../../runtime/index.js'
import { backendsHere } from '../helpers/goldens.js'
import { STORIES, storiesCases } from '../helpers/models.js'
import * as onnx from '../onnx/make.js'

const gpu = backendsHere('dawn').length > 0 ? create([]) : undefined
const templates = openTemplates()
const named = [...loadWorkgroups().values()]
const FEATURES = [[], ['shader-f16'], ['shader-f16', 'subgroups', 'packed_4x8_integer_dot_product']]

const kernels = (names: string[], features: string[]) =>
  libraryKernels(templates.heads, {
    ...{ language: 'wgsl', features, tuning: loadTuning() },
    workgroups: rulesOf(resolveWorkgroups(names)),
  })
const took = (names: string[], features: string[] = []) =>
  kernels(names, features).flatMap(({ choice }) => (choice.workgroup === undefined ? [] : [choice]))

describe.each(named)('$name', ({ name, size, rules }) => {
  test.each(FEATURES)('is the size of every kernel that takes it (%s, %s, %s)', (...features) => {
    const choices = took([name], features)
    for (const { template, params } of choices)
      expect([
        template.name,
        reflect(specialize(templates.whole(template), params).text).workgroupSize,
      ]).toEqual([template.name, size])
    expect(choices.length).toBeGreaterThan(0)
  })

  test('every rule is of use to some kernel', () => {
    for (const { params } of rules) {
      const has = ({ params: own }: { params: object }) =>
        Object.entries(params).every(([key, value]) => own[key as keyof typeof own] === value)
      expect(FEATURES.some((features) => took([name], features).some(has))).toBe(true)
    }
  })
})

test('without a name, none is taken', () => {
  expect(took([])).toEqual([])
})

test('of several names each kernel takes the first that it can, what is for its operator before', () => {
  const by = (names: string[]) => new Map(took(names).map((c) => [c.template.name, c.workgroup]))
  const both = by(['256', '128x2', '8x16'])
  expect([both.get('stft_power'), both.get('unary'), both.get('matmul')]).toEqual([
    '128x2x1',
    '256x1x1',
    '256x1x1',
  ])
  const other = by(['8x16', '128x2', '256'])
  expect([other.get('unary'), other.get('matmul'), other.get('softmax_rows')]).toEqual([
    '128x2x1',
    '8x16x1',
    '256x1x1',
  ])
})

const spelled: [given: string, name: string | undefined][] = [
  ['8x16', '8x16x1'],
  ['8×16×1', '8x16x1'],
  ['256', '256x1x1'],
  ['4X4', '4x4x1'],
  ['16x8', undefined],
  ['', undefined],
  ['constructor', undefined],
]
test.each(spelled)('%j is %s', (given, name) => {
  const found = () => resolveWorkgroups([given, given]).map((w) => w.name)
  if (name) expect(found()).toEqual([name])
  else expect(found).toThrow(`no workgroup "${given}"`)
})

describe('bundles', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgc-workgroups-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A bundle with these workgroups; its WGSL, and what the build says of them. */
  async function made(model: string, workgroup: string[], only = ['webgpu-chromium-base']) {
    const out = join(folder, workgroup.join())
    const { notes } = await build({ model, targets: ['node'], only, bits: 'f32', out, workgroup })
    const { variants } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Manifest
    return { out, notes, wgsl: readFileSync(join(out, variants[only[0]!]!.code), 'utf8') }
  }
  const source = (out: string) => ({ read: async (f: string) => new Uint8Array(readFileSync(join(out, f))) })

  test.each(['256x1x1', '4x4x1', '8x16x1'])('%s is in what a decoder is made of', async (name) => {
    const { wgsl, notes } = await made(STORIES, [name])
    expect(notes.join()).toMatch(new RegExp(`workgroup ${name}: .*linear_gemm`))
    expect(wgsl).toContain(`@workgroup_size(${name.replaceAll('x', ',')})`)
  })

  test('wasm knows none', async () => {
    const build = await made(STORIES, ['4x4'], ['wasm-simd128'])
    expect(build.notes).toContain('workgroup 4x4x1: no kernel of this model takes it')
  })

  test.skipIf(!gpu)('a decoder says the same in 4x4 and 256', async () => {
    const { out } = await made(STORIES, ['4x4', '256'])
    const { ids, greedy } = storiesCases()[0]!
    const model = await load(source(out), { gpu, programs: ['forward'], backend: 'webgpu', tokenizer: false })
    const all = [...ids, ...greedy.slice(0, 24)]
    const { logits } = await model.run({ input_ids: all })
    model.destroy()
    const vocab = logits!.data.length / all.length
    const best = all.map((_, i) => {
      const row = logits!.data.slice(i * vocab, (i + 1) * vocab)
      return row.indexOf(Math.max(...row))
    })
    expect(best.slice(ids.length - 1, -1)).toEqual(greedy.slice(0, 24))
  })

  test.skipIf(!gpu)('products in 8x16 and sums in 128x2 are right, and in the WGSL', async () => {
    const [M, K, N] = [70, 19, 45]
    const file = join(folder, 'product.onnx')
    writeFileSync(
      file,
      onnx.modelBytes(
        onnx.model(
          onnx.graph(
            [
              onnx.node('MatMul', ['a', 'b'], ['ab']),
              onnx.node('Tanh', ['ab'], ['t']),
              onnx.node('Add', ['t', 'c'], ['y']),
            ],
            [
              ['a', [M, K]],
              ['b', [K, N]],
              ['c', [M, N]],
            ],
            [['y', [M, N]]],
          ),
        ),
      ),
    )
    const { out, wgsl } = await made(file, ['8x16', '128x2'])
    expect(wgsl).toContain('@workgroup_size(8,16,1)')
    expect(wgsl).toContain('@workgroup_size(128,2,1)')
    const values = (n: number, seed: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * seed))
    const inputs = {
      a: { shape: [M, K], data: values(M * K, 1.7) },
      b: { shape: [K, N], data: values(K * N, 2.3) },
      c: { shape: [M, N], data: values(M * N, 0.9) },
    }
    const model = await load(source(out), { gpu, backend: 'webgpu', tokenizer: false })
    const { y } = await model.run(inputs)
    model.destroy()
    const { a, b, c } = inputs
    const wanted = c.data.map((plus, i) => {
      const [m, n] = [Math.floor(i / N), i % N]
      let sum = 0
      for (let k = 0; k < K; k++) sum += a.data[m * K + k]! * b.data[k * N + n]!
      return Math.tanh(sum) + plus
    })
    const off = Math.max(...wanted.map((w, i) => Math.abs(w - y!.data[i]!)))
    expect(off).toBeLessThan(1e-5)
  })
})
