/** The tuner's parts that need no device: what it tries, how it chooses, what it writes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programGraphs } from '../../compiler/build/programs.js'
import { presetModel } from '../../compiler/models/preset.js'
import { ops } from '../../compiler/ops/index.js'
import type { Facts } from '../../compiler/ops/types.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTables, loadTuning, readTable } from '../../compiler/select/tuning.js'
import type { KernelTarget } from '../../compiler/select/types.js'
import { loadWorkgroups, rulesOf } from '../../compiler/select/workgroups.js'
import { loadDeviceClasses } from '../../compiler/targets.js'
import { distance } from '../../compiler/tune/bench.js'
import {
  type Candidate,
  candidateOf,
  keyOf,
  knownSets,
  neighbours,
  type Setting,
  sampleOf,
} from '../../compiler/tune/candidates.js'
import { deviceParams } from '../../compiler/tune/device.js'
import { contentsOf } from '../../compiler/tune/operands.js'
import { tableRules } from '../../compiler/tune/rules.js'
import { search } from '../../compiler/tune/search.js'
import { sharesOf, subjectsOf } from '../../compiler/tune/subjects.js'
import { readState, updated, writeState, writeTable } from '../../compiler/tune/table.js'

const { heads } = openTemplates()
const head = (name: string) => heads.find((t) => t.name === name && t.language === 'wgsl')!
const ALL = [
  'chromium-experimental-subgroup-matrix',
  'shader-f16',
  'subgroups',
  'packed_4x8_integer_dot_product',
]
const target: KernelTarget = { language: 'wgsl', features: ALL, tuning: loadTuning() }
const linear = (M: number, more: Facts = {}): Facts => ({
  ...{ M, N: 96, K: 128, W: 'q4', G: 64, LDY: 96, EPI: 'none', BIAS: false, ACT: 'none', SEQ: false },
  ...more,
})
const setting = (facts: Facts, given: Setting['given'] = () => ({})): Setting => ({ facts, target, given })

test('candidates fit their template, differ, and hold no fact, feature or default', () => {
  const found = sampleOf(head('linear_gemv'), setting(linear(1)), 30)
  expect(found[0]!.tuned).toEqual({})
  expect(new Set(found.map(keyOf)).size).toBe(found.length)
  expect(found.length).toBeGreaterThan(10)
  for (const { tuned, choice } of found) {
    expect(Object.keys(tuned).filter((n) => ['M', 'N', 'K', 'W', 'SUBGROUPS'].includes(n))).toEqual([])
    expect(choice.params.SUBGROUPS).toBe(true)
    expect(Number(choice.params.LANES)).toBeLessThanOrEqual(Number(choice.params.WG))
  }
  expect(sampleOf(head('linear_gemm'), setting(linear(1)), 30)).toEqual([])
})

test('a name of a state file is its candidate, where templates still have such', () => {
  const all = heads.filter((t) => t.language === 'wgsl')
  for (const c of sampleOf(head('linear_gemm'), setting(linear(70)), 30))
    expect(candidateOf(keyOf(c), all, setting(linear(70)))).toEqual(c)
  for (const key of ['', 'none', 'linear_gemm NONE=1', 'linear_gemm WX=7', 'linear_gemm WX'])
    expect(candidateOf(key, all, setting(linear(70)))).toBeUndefined()
})

test('workgroups that were asked for by name are candidates', () => {
  const wished = rulesOf([...loadWorkgroups().values()])
  const gemm = head('linear_gemm')
  const found = sampleOf(gemm, setting(linear(70)), 8, knownSets(gemm, target, wished))
  const shapes = found.map(({ choice: { params } }) => `${params.WX}x${params.WY} ${params.BLOCK}`)
  expect(shapes).toEqual(expect.arrayContaining(['4x4 true', '8x16 true', '16x16 false']))
})

test('a neighbour differs in one parameter', () => {
  const [from] = sampleOf(head('linear_gemm_i8'), setting(linear(70)), 1)
  const near = neighbours(from!, setting(linear(70)))
  expect(near.length).toBeGreaterThan(4)
  for (const { choice } of near) {
    const differ = Object.keys(choice.params).filter((n) => choice.params[n] !== from!.choice.params[n])
    expect(differ).toHaveLength(1)
  }
})

test('sizes of subgroup matrices are what the device has', () => {
  const given = deviceParams({
    subgroupMinSize: 16,
    subgroupMaxSize: 16,
    subgroupMatrixConfigs: [{ componentType: 'f16', resultComponentType: 'f32', M: 8, N: 16, K: 16 }],
  } as never)
  for (const { choice } of sampleOf(head('linear_gemm_matrix'), setting(linear(70), given), 20))
    expect(choice.params).toMatchObject({ MM: 8, MN: 16, MK: 16, LANES: 16, ACC: 'f32' })
  expect(given(head('linear_gemv'))).toEqual({})
})

test('where a device has matrices of several sizes, the search chooses among them', () => {
  const config = { componentType: 'f16', resultComponentType: 'f32', M: 16, K: 16 }
  const given = deviceParams({
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrixConfigs: [
      { ...config, N: 16 },
      { ...config, N: 8 },
      { ...config, N: 4, resultComponentType: 'f16' },
    ],
  } as never)
  const of = sampleOf(head('linear_gemm_matrix'), setting(linear(70), given), 40)
  expect(new Set(of.map((c) => c.choice.params.MN))).toEqual(new Set([16, 8]))
  for (const { choice } of of) expect(choice.params).toMatchObject({ MM: 16, MK: 16, LANES: 32 })
})

const timed = (name: string, facts: Facts, ms: number, rounds = 3) => {
  const candidate = sampleOf(head(name), setting(facts), 1)[0]!
  return { candidate, ms, rounds }
}

test('the search finds the fastest, measures it most, and stops when there is no time', async () => {
  const start = sampleOf(head('linear_gemv'), setting(linear(1)), 40)
  // A cost of its own for every parameter: LANES 16, ROWS 2 is best.
  const cost = ({ choice: { params } }: Candidate) =>
    1 + Math.abs(Math.log2(Number(params.LANES) / 16)) + Math.abs(Math.log2(Number(params.ROWS) / 2))
  let measured = 0
  const measure = async (candidates: Candidate[]) => {
    measured += candidates.length
    return candidates.map((c) => (c.choice.params.WG === 256 ? Number.NaN : cost(c)))
  }
  const near = (c: Candidate) => neighbours(c, setting(linear(1)))
  const found = await search(start, { measure, neighbours: near, hasTime: () => true })
  expect(found[0]!.candidate.choice.params).toMatchObject({ LANES: 16, ROWS: 2 })
  expect(found[0]!.rounds).toBeGreaterThan(3)
  expect(found.some((t) => t.candidate.choice.params.WG === 256)).toBe(false)
  measured = 0
  await search(start, { measure, neighbours: near, hasTime: () => false })
  expect(measured).toBe(0)
  measured = 0
  const known = new Map(start.map((c) => [keyOf(c), 5]))
  await search(start, { measure, neighbours: near, hasTime: () => false, known })
  expect(measured).toBe(0)
})

test('results must be close to the reference, and written', () => {
  const reference = Float32Array.of(1, -2, Number.NaN)
  expect(distance(Float32Array.of(1, -2.01, Number.NaN), reference)).toBeCloseTo(0.005)
  expect(distance(Float32Array.of(1, Number.NaN, Number.NaN), reference)).toBe(Number.POSITIVE_INFINITY)
  expect(distance(Float32Array.of(1, -2, 0), reference)).toBe(Number.POSITIVE_INFINITY)
  expect(distance(Float32Array.of(Number.POSITIVE_INFINITY, -2, Number.NaN), reference)).toBe(
    Number.POSITIVE_INFINITY,
  )
})

test("a model's operators, each at each of its sizes once", () => {
  const model = presetModel('tinyllama', 2048)
  const programs = model.programs.filter((p) => p.logits === 'last')
  const options = {
    ...({ bits: 4, group: 64, kv: 'f16', splitKv: true, fuse: true, binding: 2 ** 27 } as const),
    prologues: true,
  }
  const graphs = programGraphs({ ...model, programs }, options)
  const named = graphs.map(({ spec, graph }) => ({ name: spec.name, graph }))
  const subjects = subjectsOf(named, { heads, target: { language: 'wgsl', features: [], tuning: [] } })
  const counts = (name: string) => subjects.find((s) => s.name === name)?.counts
  expect(counts('decode layers.0.gated')).toEqual({ decode: 22 })
  expect(counts('prefill layers.0.gated')).toEqual({ prefill: 22 })
  expect(counts('prefill logits')).toEqual({ prefill: 1 })
  expect(counts('decode logits')).toEqual({ decode: 1 })
  const shares = sharesOf(subjects, () => 1)
  expect([...shares.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1)
  // Where bytes are multiplied, who makes them writes them: nobody converts what attention and gates give.
  const features = ['packed_4x8_integer_dot_product']
  const target: KernelTarget = { language: 'wgsl', features, tuning: [] }
  const written = subjectsOf(named, { heads, target }).flatMap(
    (s) => s.written?.map((w) => [s.name, w]) ?? [],
  )
  expect(written).toEqual([
    ['decode layers.0.residual1', 'x:i8x4'],
    ['decode layers.0.residual2', 'x:i8x4'],
  ])
  // Every operand has a size.
  for (const { op, facts } of subjects)
    for (const [name, { bytes }] of contentsOf(ops[op]!, facts))
      expect(bytes, `${op} ${name}`).toBeGreaterThan(0)
})

test('rules: the fastest of all, then what needs fewer features; nothing where it gains nothing', () => {
  const facts = linear(70)
  const subject = { op: 'linear', facts, past: 0, name: 'prefill p', counts: { prefill: 1 } }
  const found = [
    timed('linear_gemm_matrix', facts, 0.1),
    timed('linear_gemm_i8', facts, 0.2),
    timed('linear_gemm', facts, 0.4),
  ]
  const rules = tableRules([{ subject, found, before: 0.4 }])
  expect(rules.map((r) => [r.template, r.when])).toEqual([
    ['linear_gemm_matrix', 'M > 1 && N == 96 && K == 128 && W == q4 && EPI == none && E == f16 && MATRIX'],
    ['linear_gemm_i8', 'M > 1 && N == 96 && K == 128 && W == q4 && EPI == none && DOT4'],
    ['linear_gemm', 'M > 1 && N == 96 && K == 128 && W == q4 && EPI == none'],
    ['linear_gemm_matrix', 'M > 1 && W == q4 && E == f16 && MATRIX'],
    ['linear_gemm_i8', 'M > 1 && W == q4 && DOT4'],
    ['linear_gemm', 'M > 1 && W == q4'],
  ])
  expect(rules[0]!.why).toMatch(/^prefill p: 100\.0 µs \(.*\), before 400\.0 µs$/)
  expect(tableRules([{ subject, found: found.slice(2), before: 0.401 }])).toEqual([])
})

const measured = (models: string[], date = '2026-01-01') => ({
  ...{ device: 'a', driver: '1', engine: 'e', date, models },
})
const update = (rules: { op: string; when: string; template: string; why: string }[], models = ['m']) => ({
  ...{ class: 'nvidia', engine: 'chromium' as const, variants: [{ name: 'all', features: [] }] },
  ...{ measured: measured(models), rules },
})

test('a table keeps what was not measured anew; what names sizes comes first', () => {
  const rule = (when: string, why: string) => ({ op: 'linear', when, template: 'linear_gemv', why })
  const first = updated(
    undefined,
    update([rule('N == 1', 'old'), rule('M == 1', 'old'), rule('N == 2', 'old')]),
  )
  const second = updated(first, update([rule('M == 1', 'new'), rule('N == 1', 'new')], ['n']))
  expect(second.rules.map((r) => `${r.when} ${r.why}`)).toEqual(['N == 1 new', 'N == 2 old', 'M == 1 new'])
  expect(second.measured).toEqual([measured(['m', 'n'])])
})

test('tables and states as files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgc-tune-'))
  try {
    const file = join(folder, 'nvidia-chromium.json')
    writeTable(file, update([{ op: 'linear', when: 'M == 1', template: 'linear_gemv', why: 'x' }]))
    expect(readTable(file).rules).toHaveLength(1)
    expect(loadTables(folder)).toHaveLength(1)
    expect(loadTuning(folder)).toEqual([])
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), chunk: 'many' }))
    expect(() => readTable(file)).toThrow(/chunk is "many"/)
    writeFileSync(join(folder, 's'), '{"a":')
    expect(readState(join(folder, 's'), 'a GPU')).toEqual({})
    expect(readState(join(folder, 'none'), 'a GPU')).toEqual({})
    const state = { 'linear M=1': { times: { linear_gemv: 0.1 }, now: 0.2 } }
    writeState(join(folder, 's'), 'a GPU', state)
    expect(readState(join(folder, 's'), 'a GPU')).toEqual(state)
    // Times of another device, driver or engine.
    expect(readState(join(folder, 's'), 'another')).toEqual({})
    for (const text of ['[]', 'null', '{"of":"a GPU","subjects":{"x":{}}}', '{"linear M=1":{"a":1}}']) {
      writeFileSync(join(folder, 's'), text)
      expect(readState(join(folder, 's'), 'a GPU')).toEqual({})
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('committed tables are for classes that exist, and their rules name templates', () => {
  const { classes } = loadDeviceClasses()
  for (const table of loadTables()) {
    expect(Object.keys(classes)).toContain(table.class)
    for (const { template, op } of table.rules) expect(head(template)?.front.op.name).toBe(op)
  }
})
