/** `--bits keep`: what a GGUF file's blocks become in a bundle, weight by weight, and what is said of it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keptFormats, keptNotes } from '../../compiler/build/kept.js'
import { planShards } from '../../compiler/emit/shards.js'
import { writeShards } from '../../compiler/emit/shards-write.js'
import { formats, groupOf } from '../../compiler/formats/formats.js'
import { layouts } from '../../compiler/formats/layouts.js'
import { codesOf, decodeBlocks } from '../../compiler/import/gguf/decode.js'
import { openGguf } from '../../compiler/import/gguf/file.js'
import { ggmlTypes } from '../../compiler/import/gguf/types.js'
import { ggufWeights } from '../../compiler/import/gguf/weights.js'
import type { OpenWeights } from '../../compiler/import/weights.js'
import type { Graph, WeightSpec } from '../../compiler/ir/graph.js'
import { freshDist, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { writeModelAsGguf } from '../helpers/gguf-models.js'
import { encoders, type Tensor, writeGguf } from '../helpers/gguf-write.js'
import { STORIES } from '../helpers/models.js'

const REFERENCE = new URL('../../../shared/quantref/', import.meta.url)
const present = existsSync(REFERENCE)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-gguf-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** 32 rows of 256 weights: ggml's own blocks of real values. */
const [ROWS, K] = [32, 256]

/** Tensors by name, each of ggml's reference blocks of a type. */
async function open(types: Record<string, string>): Promise<OpenWeights> {
  const known = Object.entries(ggmlTypes).map(([number, t]) => [t.name, Number(number)] as const)
  const tensors: Tensor[] = Object.entries(types).map(([name, type]) => {
    const file = readFileSync(
      new URL(`${type.replace(/^(I?Q.*|[A-Z]+[0-9]*|TQ.*)$/, lower)}.q.bin`, REFERENCE),
    )
    return { name, shape: [ROWS, K], type: new Map(known).get(type)!, bytes: Uint8Array.from(file) }
  })
  const path = join(folder, `${Object.values(types).join('-')}.gguf`)
  writeGguf(path, [], tensors)
  return ggufWeights('none', 64, [await openGguf(path)])
}

/** The reference's own spelling: q4_K, but q4_0. */
const lower = (type: string) => type.toLowerCase().replace(/_k$/, '_K')

/** What the packed regions of a weight hold, in each layout that has its format. */
async function stored(weights: OpenWeights, spec: Pick<WeightSpec, 'sources' | 'combine'>) {
  const rows: [number, number] = [0, ROWS * spec.sources.length]
  const as = keptFormats(weights)(spec.sources)
  const able = [...layouts.values()].filter((l) => l.formats.includes(as.format))
  const items = able.map((l) => ({ name: l.name, k: K, layout: l.name, spec: { ...spec, ...as, rows } }))
  const out = join(folder, `out-${spec.sources.join('-')}-${spec.combine}`)
  mkdirSync(out, { recursive: true })
  // Blocks of a few rows, that seams show.
  const plan = planShards(items)
  const set = await writeShards(plan, weights, out, { blockBytes: 16 * K * 4 })
  const buffers = set.buffers.map(({ bytes }) => new Uint8Array(bytes))
  for (const { file, buffer, offset } of set.shards)
    buffers[buffer]!.set(readFileSync(join(out, file)), offset)
  const values = able.map((layout) => {
    const { data, scale } = set.regions.get(layout.name)!
    const region = ([buffer, at, bytes] = [0, 0, 0] as [number, number, number]) =>
      buffers[buffer]!.slice(at, at + bytes)
    const packed = { data: region(data), scale: scale ? region(scale) : new Uint8Array(0) }
    return layout.unpack(as.format, packed, rows[1], K, groupOf(as.format, as.group))
  })
  return { as, values }
}

const decoded = (weights: OpenWeights, name: string) => weights.readRows(name, 0, ROWS)

describe.skipIf(!present)('kept', () => {
  const types = Object.values(ggmlTypes).filter(
    (t) => t.read && t.kept?.how !== 'requantised' && t.name !== 'F32',
  )
  test.each(types.map((t) => t.name))('%s holds the integers of the file, in every layout', async (name) => {
    const weights = await open({ w: name })
    const type = Object.values(ggmlTypes).find((t) => t.name === name)!
    const { as, values } = await stored(weights, { sources: ['w'], combine: 'stack' })
    expect(values.length).toBeGreaterThan(0)
    const wanted = await decoded(weights, 'w')
    const bytes = Uint8Array.from(readFileSync(new URL(`${lower(name)}.q.bin`, REFERENCE)))
    expect(wanted).toEqual(decodeBlocks(bytes, type))
    const exact = type.kept!.how === 'exact' || type.read === 'float'
    const own = exact ? Float64Array.from(wanted) : formats[as.format].decode(codesOf(bytes, type, K))
    for (const found of values) expect(Float32Array.from(found)).toEqual(Float32Array.from(own))
    await weights.close()
  })

  const pairs: [sources: string[], format: string, group: number | undefined, exact: boolean][] = [
    [['Q4_0', 'Q8_0'], 'q8', 32, true],
    [['Q4_0', 'Q4_1'], 'q4a', 32, true],
    [['Q5_1', 'Q4_0', 'Q8_0'], 'q8a', 32, true],
    [['Q4_1', 'Q5_0'], 'q8a', 32, true],
    [['TQ2_0', 'Q4_0'], 'q4', 32, true],
    [['TQ2_0', 'Q1_0'], 'q2', 128, true],
    [['Q8_0', 'F16'], 'f16', undefined, false],
    [['Q4_K', 'Q6_K'], 'q8a', 32, false],
    [['Q2_K', 'Q3_K'], 'q4a', 32, false],
  ]
  const cases = pairs.flatMap((p) =>
    (['stack', 'interleave'] as const).map((combine) => [...p, combine] as const),
  )
  test.each(cases)(
    '%s together as %s in groups of %s, exact: %s, %s',
    async (names, format, group, exact, combine) => {
      const weights = await open(Object.fromEntries(names.map((n) => [n, n])))
      const { as, values } = await stored(weights, { sources: [...names], combine })
      expect(as).toEqual({ format, ...(group !== undefined && { group }) })
      const parts = await Promise.all(names.map((n) => decoded(weights, n)))
      const count = names.length
      const wanted = new Float32Array(ROWS * count * K)
      for (let row = 0; row < ROWS * count; row++) {
        const [part, from] =
          combine === 'stack' ? [Math.floor(row / ROWS), row % ROWS] : [row % count, Math.floor(row / count)]
        wanted.set(parts[part]!.subarray(from * K, from * K + K), row * K)
      }
      const range = Math.max(...wanted.map(Math.abs))
      for (const found of values) {
        const off = found.reduce((most, v, i) => Math.max(most, Math.abs(Math.fround(v) - wanted[i]!)), 0)
        // A sum of halves that are powers of two apart is exact in float64, not always in the float32 beside it.
        if (exact) expect(off).toBeLessThanOrEqual(range * 2 ** -23)
        else expect(off).toBeLessThan(range * (format === 'q4a' ? 0.12 : 0.01))
      }
      await weights.close()
    },
  )

  test('notes', async () => {
    const weights = await open({ a: 'Q4_0', b: 'Q4_K', c: 'Q6_K', d: 'F16', e: 'BF16', f: 'Q4_0' })
    const kept = keptFormats(weights)
    const tensor = (sources: string[]) => ({
      ...{ name: sources[0]!, kind: 'weight' as const, dtype: 'f32' as const, shape: [ROWS, K] },
      weight: { sources, combine: 'stack' as const, rows: [0, ROWS] as [number, number], ...kept(sources) },
    })
    const tensors = new Map([['a'], ['b'], ['c'], ['d'], ['e'], ['f']].map((s) => [s[0]!, tensor(s)]))
    const graph: Graph = { name: 'g', tensors, nodes: [], maxSeq: 1 }
    expect(keptNotes(weights, graph)).toEqual([
      'Q4_0 is stored as q4 in groups of 32, with the same integers and scales (2 matrices)',
      'Q4_K is stored as q4a in groups of 32, with the same integers, its scales rounded to 16 bits (1 matrix)',
      'Q6_K is stored as q8 in groups of 32, quantised anew from its values (1 matrix)',
      'BF16 is stored as f16, rounded (1 matrix)',
    ])
    await weights.close()
  })
})

test('a scale that no half holds is refused, with tensor and row', async () => {
  const bytes = new Uint8Array((4 * 64 * 17) / 32)
  bytes[17 * 5] = 200
  const path = join(folder, 'large.gguf')
  writeGguf(path, [], [{ name: 'w', shape: [4, 64], type: 39, bytes }])
  const weights = ggufWeights('none', 64, [await openGguf(path)])
  const spec: WeightSpec = { sources: ['w'], combine: 'stack', rows: [0, 4], format: 'q8', group: 32 }
  const plan = planShards([{ name: 'w', k: 64, layout: 'rows', spec }])
  mkdirSync(join(folder, 'large'))
  await expect(writeShards(plan, weights, join(folder, 'large'))).rejects.toMatchObject({
    code: 'WGC217',
    message: 'tensor w holds Infinity in row 2, which q8 cannot store',
  })
  await weights.close()
})

test('the command line', { timeout: 120_000 }, async () => {
  const work = temporaryFolder()
  await freshDist()
  await writeModelAsGguf(STORIES, join(work.path, 'stories-Q4_0.gguf'), 'Q4_0')
  const options = { cwd: work.path }
  const words = ['build', '--model', 'stories-Q4_0.gguf', '--target', 'node', '--out', 'bundle']
  const built = await wgcJson<{ model: { name: string; weights: string }; notes: string[] }>(words, options)
  expect(built.model).toMatchObject({ name: 'stories-Q4_0', weights: 'f32, q4 in groups of 32' })
  expect(built.notes).toContainEqual(
    expect.stringMatching(/^Q4_0 is stored as q4 in groups of 32, with the same integers and scales/),
  )
  const other = await wgcJson<{ model: { weights: string } }>([...words, '--bits', '8'], options)
  expect(other.model.weights).toBe('q8 in groups of 64')
  const both = await wgc([...words, '--bits', 'keep', '--group', '64'], options)
  expect(both).toMatchObject({
    code: 2,
    err: expect.stringContaining("--bits keep and --group don't go together"),
  })
  const preset = await wgc(['build', '--model', 'tinyllama', '--bits', 'keep', '--out', 'preset'], options)
  expect(preset).toMatchObject({ code: 1, err: expect.stringContaining('WGC245: tinyllama is a preset') })
  const missing = await wgc(['build', '--model', 'none.gguf', '--out', 'none'], options)
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('none.gguf: error WGC203') })
  work.remove()
})

test('encoders of the tests make blocks that are near', () => {
  const values = Float32Array.from({ length: 320 }, (_, i) => Math.sin(i) * 2)
  for (const [name, { type, encode }] of Object.entries(encoders)) {
    const bytes = Uint8Array.from(encode(values))
    const found = decodeBlocks(bytes, ggmlTypes[type]!)
    const off = found.reduce((most, v, i) => Math.max(most, Math.abs(v - values[i]!)), 0)
    expect({ name, near: off < 0.3 }).toEqual({ name, near: true })
  }
})
