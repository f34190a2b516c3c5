import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type PackItem, planShards, type ShardLimits, type WeightItem } from '../../compiler/emit/shards.js'
import { type WeightSet, type WriteOptions, writeShards } from '../../compiler/emit/shards-write.js'
import { formatNames, formats, groupOf } from '../../compiler/formats/formats.js'
import { layoutNamed, layouts } from '../../compiler/formats/layouts.js'
import type { WeightSource } from '../../compiler/import/weights.js'
import type { WeightFormatName, WeightSpec } from '../../compiler/ir/graph.js'
import type { Region } from '../../runtime/format.js'

const root = mkdtempSync(join(tmpdir(), 'wgc-shards-'))
afterAll(() => rmSync(root, { recursive: true }))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(root, 'out-'))
})

type Matrices = Record<string, { shape: number[]; data: Float32Array }>

/** Weights in memory, of values that tell tensor and place. */
function source(shapes: Record<string, number[]>): { weights: WeightSource; matrices: Matrices } {
  const matrices = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], t) => {
      const count = shape.reduce((a, b) => a * b, 1)
      return [name, { shape, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i + 100 * t)) }]
    }),
  )
  const weights: WeightSource = {
    names: () => Object.keys(matrices),
    has: (name) => name in matrices,
    shape: (name) => matrices[name]!.shape,
    dtype: () => 'F32',
    file: (name) => `${name}.safetensors`,
    readRows: async (name, from, to) => {
      const { shape, data } = matrices[name]!
      const columns = shape.slice(1).reduce((a, b) => a * b, 1)
      return data.slice(from * columns, to * columns)
    },
  }
  return { weights, matrices }
}

const item = (
  name: string,
  sources: string[],
  rows: [number, number],
  k: number,
  more: Partial<WeightSpec> = {},
  layout = 'rows',
): WeightItem => ({
  name,
  k,
  layout,
  spec: { sources, combine: 'stack', rows, format: 'f32', group: 32, ...more },
})

const small: Partial<ShardLimits> = { buffer: 4096, region: 2048, shard: 512 }

/** The buffers as a runtime would fill them. */
function load(set: WeightSet, from: string): Uint8Array[] {
  const buffers = set.buffers.map(({ bytes }) => new Uint8Array(bytes))
  for (const { file, buffer, offset, bytes, sha256 } of set.shards) {
    const content = readFileSync(join(from, file))
    expect(content.length).toBe(bytes)
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256)
    expect(file).toBe(`weights-${sha256.slice(0, 12)}.bin`)
    buffers[buffer]!.set(content, offset)
  }
  return buffers
}

const at = (buffers: Uint8Array[], [buffer, offset, bytes]: Region) =>
  buffers[buffer]!.slice(offset, offset + bytes)

function floats(set: WeightSet, buffers: Uint8Array[], name: string): number[] {
  return [...new Float32Array(at(buffers, set.regions.get(name)!.data).buffer)]
}

async function write(items: PackItem[], weights: WeightSource, options: WriteOptions = {}, limits = small) {
  const set = await writeShards(planShards(items, limits), weights, folder, options)
  return { set, buffers: load(set, folder) }
}

describe('planning', () => {
  test('regions are aligned, apart, within a buffer, and cuts cover the buffers', () => {
    const anyItem = fc.record({
      n: fc.integer({ min: 1, max: 9 }),
      k: fc.integer({ min: 1, max: 50 }),
      format: fc.constantFrom(...formatNames),
    })
    fc.assert(
      fc.property(fc.array(anyItem, { minLength: 1, maxLength: 20 }), (all) => {
        const items = all.map(({ n, k, format }, i) => item(`w${i}`, [`t${i}`], [0, n], k, { format }))
        const plan = planShards(items, small)
        const regions = [...plan.regions.values()].flatMap(({ data, scale }) =>
          scale ? [data, scale] : [data],
        )
        let previous: Region = [0, 0, 0]
        for (const region of regions) {
          const [buffer, offset, bytes] = region
          expect(offset % 256).toBe(0)
          expect(offset + bytes).toBeLessThanOrEqual(plan.buffers[buffer]!.bytes)
          if (buffer === previous[0]) expect(offset).toBeGreaterThanOrEqual(previous[1] + previous[2])
          else expect([buffer, offset]).toEqual([previous[0] + 1, 0])
          previous = region
        }
        for (const [i, { bytes }] of plan.buffers.entries()) {
          expect(bytes).toBeLessThanOrEqual(4096)
          const cuts = plan.cuts.filter((c) => c.buffer === i)
          expect(cuts.map((c) => c.offset)).toEqual(cuts.map((_, j) => j * 512))
          expect(cuts.reduce((sum, c) => sum + c.bytes, 0)).toBe(bytes)
          expect(cuts.every((c) => c.bytes > 0 && c.bytes <= 512)).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('equal items share their regions, others do not', () => {
    const base = item('a', ['x', 'y'], [0, 4], 8)
    const plan = planShards([
      base,
      { ...base, name: 'same' },
      { ...base, name: 'interleaved', spec: { ...base.spec, combine: 'interleave' } },
      { ...base, name: 'rows', spec: { ...base.spec, rows: [0, 3] } },
      { ...base, name: 'format', spec: { ...base.spec, format: 'q8' } },
      { ...base, name: 'group', spec: { ...base.spec, format: 'q8', group: 64 } },
      item('one', ['x'], [0, 4], 8),
      item('one interleaved', ['x'], [0, 4], 8, { combine: 'interleave' }),
      { name: 'c', data: new Float32Array([1]) },
      { name: 'c again', data: new Float32Array([1]) },
      { name: 'd', data: new Float32Array([2]) },
    ])
    const of = (name: string) => plan.regions.get(name)
    expect(of('same')).toBe(of('a'))
    expect(of('one interleaved')).toBe(of('one'))
    expect(of('c again')).toBe(of('c'))
    expect(plan.parts.map((p) => p.item.name)).toEqual([
      'a',
      'interleaved',
      'rows',
      'format',
      'group',
      'one',
      'c',
      'd',
    ])
    expect(plan.buffers.length).toBe(1)
  })

  test('the default limits: 128 MiB regions, two to a buffer, eight files', () => {
    const big = (name: string) => item(name, [name], [0, 32768], 1024)
    const plan = planShards([big('a'), big('b'), big('c')])
    expect(plan.buffers.map((b) => b.bytes)).toEqual([256 << 20, 128 << 20])
    expect(plan.cuts.length).toBe(12)
    expect(() => planShards([item('d', ['d'], [0, 32769], 1024)])).toThrow('it was not split')
  })

  test('faults of the caller', () => {
    const a = item('a', ['x'], [0, 4], 8)
    expect(() => planShards([a, { ...a, k: 9 }])).toThrow('two weights are called a')
    expect(planShards([a, a]).parts.length).toBe(1)
    expect(() => planShards([item('a', ['x'], [4, 4], 8)])).toThrow('empty')
    expect(() => planShards([item('a', ['x'], [0, 4], 8, {}, 'columns')])).toThrow('no weight layout')
    expect(() => planShards([{ name: 'c', data: new Float32Array(0) }])).toThrow('0 bytes')
    const { format: _, ...rest } = a.spec
    expect(() => planShards([{ ...a, spec: rest }])).toThrow('no format')
    expect(() => planShards([item('a', ['x'], [0, 4], 8, { format: 'q4', group: 7 })])).toThrow('groups of 7')
    expect(() => planShards([a], { shard: 100 })).toThrow('shards of 100')
  })

  test('a preset: the plan without files', async () => {
    const plan = planShards([item('a', ['x'], [0, 4], 8)])
    const set = await writeShards(plan, null, join(folder, 'not made'))
    expect(set).toEqual({ buffers: plan.buffers, regions: plan.regions, shards: [] })
  })
})

describe('combining', () => {
  const { weights, matrices } = source({ x: [6, 4], y: [6, 4], z: [3, 4], v: [5], u: [5], g: [4] })
  const rows = (name: string, from: number, to: number) => [
    ...matrices[name]!.data.subarray(from * 4, to * 4),
  ]

  test.each([1, 2, 1000])('in blocks of %i rows', async (block) => {
    const { set, buffers } = await write(
      [
        item('stack', ['x', 'z', 'y'], [0, 15], 4),
        item('stack piece', ['x', 'z', 'y'], [5, 11], 4),
        item('interleave', ['x', 'y'], [0, 12], 4, { combine: 'interleave' }),
        item('interleave piece', ['x', 'y'], [3, 8], 4, { combine: 'interleave' }),
        item('one piece', ['x'], [2, 3], 4),
        item('vector', ['v'], [0, 5], 1),
        item('vectors', ['v', 'u'], [1, 9], 1),
        item('vectors in turn', ['v', 'u'], [0, 3], 1, { combine: 'interleave' }),
        item('a vector as a row', ['g'], [0, 1], 4),
        item('a row below', ['x', 'g'], [5, 7], 4),
      ],
      weights,
      { blockBytes: block * 16 },
    )
    const all = [...rows('x', 0, 6), ...rows('z', 0, 3), ...rows('y', 0, 6)]
    const get = (name: string) => floats(set, buffers, name)
    expect(get('stack')).toEqual(all)
    expect(get('stack piece')).toEqual(all.slice(20, 44))
    const mixed = [0, 1, 2, 3, 4, 5].flatMap((i) => [...rows('x', i, i + 1), ...rows('y', i, i + 1)])
    expect(get('interleave')).toEqual(mixed)
    expect(get('interleave piece')).toEqual(mixed.slice(12, 32))
    expect(get('one piece')).toEqual(rows('x', 2, 3))
    const [v, u] = [[...matrices.v!.data], [...matrices.u!.data]]
    expect(get('vector')).toEqual([...v, 0, 0, 0])
    expect(get('vectors')).toEqual([...v.slice(1), ...u.slice(0, 4)])
    expect(get('vectors in turn')).toEqual([v[0], u[0], v[1], 0])
    expect(get('a vector as a row')).toEqual([...matrices.g!.data])
    expect(get('a row below')).toEqual([...rows('x', 5, 6), ...matrices.g!.data])
  })

  test.each([
    [item('a', ['x'], [0, 6], 5), 'WGC214', 'tensor x is [6, 4], the config says [6, 5]'],
    [item('a', ['g'], [0, 1], 5), 'WGC214', 'tensor g is [4], the config says [5]'],
    [item('a', ['x'], [0, 7], 4), 'WGC214', 'tensor x is [6, 4], the config says [7, 4]'],
    [item('a', ['x', 'z'], [0, 12], 4), 'WGC214', 'tensor z is [3, 4], the config says [6, 4]'],
    [item('a', ['x', 'z'], [0, 9], 4, { combine: 'interleave' }), 'WGC901', 'interleaved'],
  ])('refusal %#', async (bad, code, message) => {
    const done = write([item('good', ['x'], [0, 6], 4), bad], weights)
    await expect(done).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('writing', () => {
  test('every format and layout, across shards and buffers, in any blocks', async () => {
    const { weights, matrices } = source({ x: [23, 70], y: [8, 33] })
    const items = [...layouts.values()].flatMap((layout) =>
      layout.formats.flatMap((format) =>
        Object.entries(matrices).map(([t, { shape }]) =>
          item(
            `${t} ${format} ${layout.name}`,
            [t],
            [0, shape[0]!],
            shape[1]!,
            { format, group: 64 },
            layout.name,
          ),
        ),
      ),
    )
    const limits = { buffer: 16384, region: 8192, shard: 256 }
    const { set, buffers } = await write(items, weights, {}, limits)
    for (const { name, k, layout, spec } of items) {
      const [n, format] = [spec.rows[1], spec.format as WeightFormatName]
      const group = groupOf(format, 64)
      const { data, scale } = set.regions.get(name)!
      const stored = { data: at(buffers, data), scale: scale ? at(buffers, scale) : new Uint8Array(0) }
      const values = matrices[spec.sources[0]!]!.data
      const expected = formats[format].decode(formats[format].quantizeRows(values, n, k, group))
      expect(layoutNamed(layout).unpack(format, stored, n, k, group)).toEqual(expected)
    }
    expect(set.buffers.length).toBeGreaterThan(1)
    const files = readdirSync(folder).sort()
    expect(files).toEqual([...new Set(set.shards.map((s) => s.file))].sort())
    // The same bytes from other blocks, in the same files.
    const again = await write(items, weights, { blockBytes: 600 }, limits)
    expect(again.set.shards).toEqual(set.shards)
    expect(readdirSync(folder).sort()).toEqual(files)
  })

  test('progress ends at its total', async () => {
    const { weights } = source({ x: [64, 8] })
    const seen: [number, number][] = []
    const items = [item('a', ['x'], [0, 64], 8, { format: 'q8' }), { name: 'c', data: new Float32Array(5) }]
    await write(items, weights, { blockBytes: 64, progress: (...p) => seen.push(p) })
    const total = 64 * 32 + 64 * 2 + 20
    expect(seen.at(-1)).toEqual([total, total])
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.every(([done], i) => i === 0 || done >= seen[i - 1]![0])).toBe(true)
  })

  test.each([
    ['f32', Number.NaN],
    ['f32', Number.NEGATIVE_INFINITY],
    ['f16', 70000],
    ['q4', 1e6],
  ] as const)('%s does not take %d', async (format, value) => {
    const { weights, matrices } = source({ x: [9, 8], y: [9, 8] })
    matrices.y!.data[8 * 4 + 3] = value
    const bad = item('a', ['x', 'y'], [0, 18], 8, { format, combine: 'interleave' })
    await expect(write([bad], weights, { blockBytes: 64 })).rejects.toMatchObject({
      code: 'WGC217',
      message: `tensor y holds ${value} in row 4, which ${format} cannot store`,
      place: { file: 'y.safetensors' },
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('aborting leaves nothing behind', async () => {
    const { weights } = source({ x: [64, 8] })
    const abort = new AbortController()
    const reason = new Error('enough')
    const options = { blockBytes: 64, signal: abort.signal, progress: () => abort.abort(reason) }
    await expect(write([item('a', ['x'], [0, 64], 8)], weights, options)).rejects.toBe(reason)
    expect(readdirSync(folder)).toEqual([])
  })

  test('a folder that is not there, and a source that fails', async () => {
    const { weights } = source({ x: [4, 8] })
    const plan = planShards([item('a', ['x'], [0, 4], 8)])
    const gone = join(folder, 'gone')
    await expect(writeShards(plan, weights, gone)).rejects.toMatchObject({
      code: 'WGC601',
      place: { file: gone },
    })
    const broken = { ...weights, readRows: () => Promise.reject(new TypeError('a bug')) }
    await expect(writeShards(plan, broken, folder)).rejects.toThrow(TypeError)
    expect(readdirSync(folder)).toEqual([])
  })
})
