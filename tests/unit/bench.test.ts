/** `wgc bench` and what it is made of. */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { append, compare, type Run } from '../../compiler/bench/history.js'
import { type Entry, judge, spreadOf } from '../../compiler/bench/verdict.js'
import { differenceOf } from '../../compiler/bench/work.js'
import type { BenchReport } from '../../compiler/cli/bench-bundle.js'
import { dawnOptions } from '../../compiler/cli/dawn.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { STORIES } from '../helpers/models.js'

let folder: TemporaryFolder
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  folder = temporaryFolder()
  await freshDist()
  await wgcJson(['build', '--model', STORIES, '--target', 'node', '--only', 'wasm', '--out', at('stories')])
})

afterAll(() => folder?.remove())

describe('verdicts', () => {
  const ms = (value: number, spread?: number): Entry => ({ unit: 'ms', value, spread })
  const rate = (value: number, spread?: number): Entry => ({ unit: 'tokens/s', value, spread })
  test.each<[string, Entry[], Entry, string | undefined]>([
    ['the first of its kind', [], ms(1, 0), undefined],
    ['slower than steady runs', [ms(10, 0), ms(10.1, 0)], ms(11, 0), 'regression'],
    ['faster than steady runs', [ms(10, 0), ms(10.1, 0)], ms(9, 0), 'improvement'],
    ['within the least', [ms(10, 0)], ms(10.2, 0), 'same'],
    [
      'as slow as earlier runs were at times',
      [ms(10, 0), ms(13, 0), ms(10, 0), ms(12, 0)],
      ms(13, 0),
      'same',
    ],
    ['rounds that differ as much', [ms(10, 0.1), ms(10, 0.1)], ms(12, 0.1), 'same'],
    ['beyond rounds that differ', [ms(10, 0.1), ms(10, 0.1)], ms(14, 0.1), 'regression'],
    ['measured once, a little slower', [ms(10)], ms(12), 'same'],
    ['measured once, much slower', [ms(10)], ms(13), 'regression'],
    ['a rate that fell', [rate(100, 0)], rate(90, 0), 'regression'],
    ['a rate that rose', [rate(100, 0)], rate(110, 0), 'improvement'],
    ['nothing, still', [ms(0, 0)], ms(0, 0), 'same'],
    [
      'more memory, which does not vary',
      [{ unit: 'bytes', value: 100 }],
      { unit: 'bytes', value: 105 },
      'regression',
    ],
  ])('%s', (_, before, now, verdict) => {
    expect(judge(before, now)?.verdict).toBe(verdict)
  })

  test('spreads are those of a normal distribution', () => {
    expect(spreadOf([3])).toBeUndefined()
    expect(spreadOf([5, 5, 5])).toBe(0)
    expect(spreadOf([9, 10, 11])).toBeCloseTo(0.14826)
  })
})

const tensors = (...values: number[]) => ({
  tensors: { y: { dtype: 'f32' as const, shape: [values.length], data: new Float32Array(values) } },
})
test.each([
  [{ ids: [1, 2, 3] }, { ids: [1, 2, 3] }, undefined],
  [{ ids: [1, 2, 3] }, { ids: [1, 4, 3] }, 'token 2 of 3 is 4, not 2'],
  [tensors(1, 2), tensors(1.01, 2), undefined],
  [tensors(1, 2), tensors(1.5, 2), 'y is off by 0.50, of at most 2.0'],
  [tensors(1, 2), tensors(Number.NaN, 2), 'y is off by NaN, of at most 2.0'],
  [tensors(1, 2), tensors(1), 'y has another size'],
])('results of variants: %j and %j', (one, other, said) => {
  expect(differenceOf(one, other)).toBe(said)
})

test.each([
  [[], '', []],
  [['backend=null'], '', ['backend=null']],
  [[], 'a,-b', ['enable-dawn-features=a', 'disable-dawn-features=b']],
  [['enable-dawn-features=a,b'], ' b, c', ['enable-dawn-features=a,b,c']],
])('features of Dawn: %j and WGC_DAWN=%j', (options, environment, made) => {
  expect(dawnOptions(options, environment)).toEqual(made)
})

interface Bench extends Omit<BenchReport, 'history'> {
  changes?: { verdict: string; name: string }[]
}

describe('wgc bench', () => {
  test('variants in turns', { timeout: 120_000 }, async () => {
    const words = ['bench', at('stories'), '--backend', 'wasm', '--variant', 'all', '--rounds', '3']
    const { results, work, notes } = await wgcJson<Bench>([...words, '--prompt', '40', '--tokens', '12'])
    expect(work).toBe('prompt of 40, 12 tokens')
    expect(results.length).toBeGreaterThan(1)
    expect(notes).toEqual([])
    for (const { metrics, dispatches, backend } of results) {
      expect(backend).toBe('wasm')
      expect(dispatches.decode).toBeGreaterThan(10)
      for (const name of ['load', 'load and first token', 'first token', 'prefill', 'decode', 'memory'])
        expect(metrics.find((m) => m.name === name)?.value, name).toBeGreaterThan(0)
      expect(metrics.find((m) => m.name === 'decode')!.values).toHaveLength(3)
    }
  })

  test.each([
    ['models/roberta', 'run of size 16', 'run'],
    ['models/wav2vec2-layer', 'run of size 64', 'run'],
    ['encdec/whisper', 'prompt of 16, 4 tokens', 'decode'],
    ['encdec/t5-gated', 'prompt of 16, 4 tokens', 'decode'],
  ])('%s, built for it', { timeout: 120_000 }, async (model, named, metric) => {
    const words = ['--backend', 'wasm', '--rounds', '1', '--prompt', '16', '--tokens', '4']
    const { results, work } = await wgcJson<Bench>(['bench', `tests/fixtures/${model}`, ...words])
    expect(work).toBe(named)
    expect(results[0]!.metrics.find((m) => m.name === metric)?.value).toBeGreaterThan(0)
  })

  test.each([
    [['--variant', 'wasm-simd129'], 'WGC623'],
    [['--target', 'chrom'], 'WGC107'],
    [['--compare'], 'WGC104'],
    [['--fail-on-regression', '--history', 'x'], 'WGC104'],
    [['--rounds', '0'], 'WGC103'],
  ])('%j is refused', async (words, code) => {
    const { err, out } = await wgc(['bench', at('stories'), ...words])
    expect(err).toMatch(code)
    expect(out).toBe('')
  })

  test('a history without DuckDB says how to have it', async () => {
    const { err, code } = await wgc(['bench', at('stories'), '--history', 'x.duckdb'], { cwd: folder.path })
    expect(err).toMatch(/WGC635.*\n.*npm install @duckdb\/node-api/)
    expect(code).toBe(1)
  })
})

const PEERS = resolve('tests/bench/peers')
const hasDuckDB = () => {
  try {
    return createRequire(join(PEERS, 'package.json')).resolve('@duckdb/node-api')
  } catch {
    return undefined
  }
}
if (!hasDuckDB())
  console.warn('\n*** npm ci --prefix tests/bench/peers was not run: histories are NOT TESTED ***\n')

test.skipIf(!hasDuckDB())('a history: the last run against those of its device', async () => {
  const file = at('history.duckdb')
  const runOf = (run: string, device = 'd'): Run => ({ run, device, driver: '', host: '', wgc: '0' })
  const result = (value: number, name = 'n') => ({ engine: 'e', name, unit: 'ms', value, spread: 0 })
  for (const [i, value] of [10, 11, 10].entries())
    await append(file, runOf(`r${i}`), [result(value)], [PEERS])
  await append(file, runOf('other', 'x'), [result(1)], [PEERS])
  await append(file, runOf('last'), [result(20), result(5, 'new')], [PEERS])
  const changes = await compare(file, runOf('last'), [PEERS])
  expect(changes).toMatchObject([{ name: 'n', before: 10, now: 20, verdict: 'regression', worse: 2 }])
})
