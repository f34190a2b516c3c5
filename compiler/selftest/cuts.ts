/**
 * How little of an operator shows that its kernel is right: a few rows, heads, channels of what a step computes. A cut is
 * a case of the operator by itself, whose operands are parts of the real ones; its outputs are theirs at those places.
 */
import { num } from '../ops/common.js'
import type { Facts, StepValues } from '../ops/types.js'

/** Rows of elements in an operand: where the first is, how often and how far apart, how long. Last changes fastest. */
export interface View {
  offset: number
  dims: (readonly [count: number, stride: number])[]
  size: number
}

export interface Cut {
  /** Facts of the operator by itself; those not named stay. */
  facts?: Facts
  /** Sizes that the grid is reckoned with, where they are others than `facts`. */
  grid?: Facts
  /** Where a port of the cut lies in an operand (its own, or `from`); else each axis begins where the operand's does. */
  views?: Record<string, View>
  from?: Record<string, string>
  /** A port's true shape, where facts change it. */
  shapes?: Record<string, string[]>
  /** Rows of a weight or table, one below the other; else the first ones. */
  rows?: Record<string, number[]>
  /** What an operand of ids holds, and what the cut sees instead. */
  values?: Record<string, { held: number[]; seen?: number[] }>
  /** Noise that is not [-1, 1). */
  noise?: Record<string, { scale?: number; base?: number }>
}

interface Given {
  facts: Facts
  step: StepValues
  language: 'wgsl' | 'c'
}

type Rule = (given: Given & { n: (name: string) => number }) => Cut

/** Elements that leading axes are cut to. */
const ENOUGH = 1 << 13
const ROWS = 4
const COLUMNS = 64
/** Rows of a matrix: every third of so many, so that whole tiles and all their rows are used. */
const TILE_ROWS = 70
const EVERY = 3
/** Rows of attention. */
const ATTENDING = 9

/** Rows of two or three, none of which sees another. */
const rowsOf =
  (...names: string[]): Rule =>
  ({ n, facts }) => ({
    facts: Object.fromEntries(
      names.flatMap((name) => (facts[name] === undefined ? [] : [[name, Math.min(n(name), ROWS)]])),
    ),
  })

/** The first axis that is not 1 shortened, so that about `ENOUGH` elements are left; those behind `whole` stay. */
const leading =
  (axes: string[], whole: string[] = []): Rule =>
  ({ n }) => {
    let count = [...axes, ...whole].reduce((product, name) => product * n(name), 1)
    const facts: Facts = {}
    for (const name of axes) {
      if (count <= ENOUGH) break
      const whole = n(name)
      const less = Math.max(1, Math.floor((whole * ENOUGH) / count))
      facts[name] = less
      count = (count / whole) * less
      if (less > 1) break
    }
    return { facts }
  }

/** The first key-value heads, their query heads, some rows, and positions up to the last of them. */
const heads: Rule = ({ n, step, facts, language }) => {
  const KVH = Math.min(n('KVH'), step.past > 0 ? 2 : 1)
  const M = facts.M === undefined ? 1 : Math.min(n('M'), ATTENDING)
  const cut = { KVH, H: (n('H') / n('KVH')) * KVH, C: Math.min(n('C'), step.past + M) }
  const rows = facts.M === undefined ? cut : { ...cut, M }
  return { facts: rows, grid: language === 'c' ? cut : rows }
}

/** Splits of the keys that a row sees. */
const splitsOf = ({ n, step }: Parameters<Rule>[0]): number => {
  const seen = n('WINDOW') > 0 ? Math.min(n('WINDOW'), step.past + 1) : step.past + 1
  return Math.min(n('SPLITS'), Math.ceil(seen / n('CHUNK')))
}

const contextOf: Rule = ({ n, step }) => ({ facts: { C: Math.min(n('C'), step.past + step.seq) } })

/** Positions that the step writes, of a cache. */
const written = (rows: number, { n, step }: Parameters<Rule>[0]): View => ({
  offset: step.past * n('HD'),
  dims: [
    [n('KVH'), n('C') * n('HD')],
    [rows, n('HD')],
  ],
  size: n('HD'),
})

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

/** Ids of a table of `count` rows: the first, the last, and between. */
const ids = (rows: number, count: number) =>
  range(rows).map((i) => (i === 1 ? count - 1 : Math.floor(((i * 0.618034) % 1) * count)))

const convolution: Rule = ({ n, language }) => {
  const GROUPS = Math.min(n('GROUPS'), ROWS)
  const each = n('COUT') / n('GROUPS')
  const OH = Math.min(n('OH'), ROWS)
  const reach = (OH - 1) * n('SH') + (n('KH') - 1) * n('DH') + 1
  const facts = {
    ...{ B: 1, GROUPS, OH, IH: Math.min(n('IH'), reach), CIN: (n('CIN') / n('GROUPS')) * GROUPS },
    COUT: n('GROUPS') === 1 ? Math.min(each, 32) : each * GROUPS,
  }
  return { facts, grid: language === 'c' && n('GROUPS') > 1 ? { ...facts, OH: n('OH') } : facts }
}

const upwards: Rule = ({ n, language }) => {
  const OH = Math.min(n('OH'), ROWS)
  const IH = Math.min(n('IH'), Math.ceil((OH + n('PT')) / n('SH')) + 1)
  const facts: Facts = { B: 1, OH, IH }
  if (n('GROUPS') === 1) facts.COUT = Math.min(n('COUT'), 16)
  return { facts, grid: language === 'c' ? { B: 1 } : facts }
}

const product: Rule = ({ n, facts }) => {
  const rows = Math.min(n('M'), TILE_ROWS)
  const every = rows > 4 * EVERY ? EVERY : 1
  const M = Math.ceil(rows / every)
  const N = Math.min(n('N'), COLUMNS)
  const out = facts.EPI === 'glu' ? N / 2 : N
  const places = (width: number, size: number): View => ({ offset: 0, dims: [[M, every * width]], size })
  return {
    facts: { M, N, LDY: out },
    grid: { M: rows, N },
    views: { x: places(n('K'), n('K')), r: places(n('LDY'), out), y: places(n('LDY'), out) },
  }
}

const attends: Rule = ({ n, facts, step, language }) => {
  const free = facts.TOKENS === 'none' && facts.CAUSAL !== true && n('WINDOW') === 0
  const rows = facts.TOKENS === 'none' ? n('M') : step.seq
  const keys = facts.TOKENS === 'both' ? step.seq : n('L')
  const M = free && facts.BIAS !== 'distance' ? Math.min(rows, 32) : rows
  const share = n('H') / n('KVH')
  const KVH = facts.BIAS === 'full' && n('HB') > 1 ? n('KVH') : Math.min(n('KVH'), 2)
  const [H, HD, VD] = [KVH * share, n('HD'), n('VD')]
  const least = (name: string) => (facts[name] === undefined ? {} : { [name]: 1 })
  const cut = { B: 1, KVH, H, ...least('BB'), ...least('MB'), ...least('KB') }
  const values = { len: { held: [Math.max(1, keys - 3)] } }
  const base = {
    facts: { ...cut, M, L: keys },
    grid: { ...cut, ...(facts.TOKENS === 'none' && language === 'wgsl' && { M }) },
    values,
  }
  if (facts.STACKED !== 1) return base
  const width = n('H') * HD + n('KVH') * (HD + VD)
  const view = (offset: number, count: number, size: number): View => ({
    offset,
    dims: [[count, width]],
    size,
  })
  return {
    ...base,
    facts: { ...base.facts, STACKED: 0 },
    views: {
      q: view(0, M, H * HD),
      k: view(n('H') * HD, keys, KVH * HD),
      v: view((n('H') + n('KVH')) * HD, keys, KVH * VD),
    },
    from: { k: 'q', v: 'q' },
  }
}

const lookUp: Rule = ({ n, step, facts }) => {
  const rows = ids(n('M'), n('V'))
  const ROW0 = Number(facts.ROW0 ?? 0)
  const before = range(step.past).map(() => 0)
  return {
    facts: { V: rows.length, ROW0: 0, C: step.past + n('M') - 1 },
    rows: { w: rows },
    values: {
      tokens: {
        held: [...before, ...rows.map((r) => r + ROW0)],
        seen: [...before, ...range(rows.length)],
      },
    },
  }
}

const codebooks: Rule = ({ n }) => {
  const T = Math.min(n('T'), ROWS)
  const codes = ids(T, n('V'))
  const Q = range(n('Q'))
  return {
    facts: { T, V: T },
    rows: { w: Q.flatMap((q) => codes.map((c) => q * n('V') + c)) },
    values: { codes: { held: Q.flatMap(() => codes), seen: Q.flatMap(() => range(T)) } },
  }
}

const turnedKeys: Rule = (given) => {
  const { n, step } = given
  const C = Math.min(n('C'), step.past + n('M'))
  const cache = { ...written(n('M'), given) }
  return {
    facts: { C },
    views: { 'k out': cache, 'v out': cache },
  }
}

/** By operator. One without a rule is taken whole. */
export const cuts: Readonly<Record<string, Rule>> = {
  add_positions: ({ n, step, facts }) => {
    const M = Math.min(n('M'), ROWS)
    return { facts: { M, T: (step.past + M + Number(facts.OFFSET ?? 0)) * n('D') } }
  },
  add_rmsnorm: rowsOf('R'),
  argreduce: leading(['A'], ['D', 'S']),
  attention: heads,
  attention_merge: (given) => ({
    facts: { H: Math.min(given.n('H'), ROWS), SPLITS: splitsOf(given) },
    noise: { part: {}, stats: { base: 1.5 } },
  }),
  attention_split: (given) => {
    const { facts } = heads(given)
    const SPLITS = splitsOf(given)
    return { facts: { ...facts, SPLITS }, grid: given.language === 'c' ? {} : { KVH: facts!.KVH! } }
  },
  binary: (given) => {
    const { facts } = leading(['M', 'D'])(given)
    const M = Number(facts!.M ?? given.n('M'))
    return { facts: { ...facts, M, B: given.facts.BCAST === true ? 1 : M } }
  },
  binary_nd: leading(['D0', 'D1', 'D2', 'D3', 'D4']),
  codebook: codebooks,
  concat: rowsOf('A'),
  conv2d: convolution,
  conv_transpose2d: upwards,
  copy_nd: leading(['D0', 'D1', 'D2', 'D3', 'D4', 'D5']),
  cumsum: leading(['A'], ['D', 'S']),
  embed: lookUp,
  from_ids: leading(['N']),
  gather: ({ n }) => ({
    facts: { M: Math.min(n('M'), ROWS) },
    values: { ids: { held: ids(Math.min(n('M'), ROWS), n('V')) } },
  }),
  groupnorm: ({ n }) => ({ facts: { B: 1, GROUPS: 1, C: n('C') / n('GROUPS') } }),
  gru_cell: rowsOf('B'),
  halve_rows: rowsOf('M'),
  kv_append: (given) => ({
    facts: { C: Math.min(given.n('C'), given.step.past + given.n('M')) },
    views: { 'cache out': written(given.n('M'), given) },
  }),
  l2norm: rowsOf('M'),
  layernorm: ({ n, facts }) =>
    facts.LAST === true ? {} : { facts: { M: Math.min(n('M'), ROWS), R: Math.min(n('R'), ROWS) } },
  linear: product,
  lstm: ({ n }) => ({ facts: { B: 1, T: Math.min(n('T'), 6) } }),
  lstm_cell: rowsOf('B'),
  matmul: ({ n, facts }) => ({
    facts: {
      ...{ B: 1, BB: 1, N: Math.min(n('N'), COLUMNS) },
      ...(facts.SEQ !== true && { M: Math.min(n('M'), 32) }),
    },
    shapes: { b: facts.TB === true ? ['BB', 'N', 'K'] : ['BB', 'K', 'N'] },
  }),
  mel_log: ({ n }) => ({
    facts: { B: 1, MELS: Math.min(n('MELS'), 16), FRAMES: Math.min(n('FRAMES'), 64) },
    noise: { power: { base: 1.5 }, filters: { base: 1.5 } },
  }),
  merge_rows: ({ n, facts, step }) => {
    const [F, count] = [Math.min(n('F'), 256), step.past + n('M')]
    const O = facts.O === undefined ? undefined : Math.min(n('O'), 256)
    const tokens = range(count).map((i) => (i % 3 === 1 ? n('TOKEN') + 1 : n('TOKEN')))
    return {
      facts: { F, C: count - 1, ...(O !== undefined && { O }) },
      values: {
        tokens: { held: tokens },
        ...(O !== undefined && {
          order: { held: range(O).map((i) => (i % 4 === 2 ? 0xffffffff : (i * 5) % F)) },
        }),
      },
    }
  },
  penalize: ({ n, step }) => ({
    facts: { C: step.past + step.seq },
    values: { tokens: { held: ids(step.past + step.seq + 1, n('V')) } },
    noise: { logits: { scale: 8 } },
  }),
  pool2d: leading(['B', 'C', 'OH', 'OW']),
  put_rows: (given) => {
    const { n } = given
    const M = n('M')
    return {
      facts: { C: Math.min(n('C'), n('ROW0') + M) },
      views: { 'rows out': { offset: n('ROW0') * n('D'), dims: [[M, n('D')]], size: n('D') } },
    }
  },
  quantize_rows: rowsOf('M'),
  reduce: leading(['A'], ['D', 'S']),
  resize2d: leading(['B', 'C'], ['OH', 'OW']),
  rmsnorm: ({ n, facts }) =>
    facts.LAST === true ? {} : { facts: { M: Math.min(n('M'), ROWS), R: Math.min(n('R'), ROWS) } },
  rope_kv: turnedKeys,
  // Heads lie side by side in qkv: all of them.
  rope_split: (given) => {
    const cache = written(1, given)
    return {
      facts: { C: Math.min(given.n('C'), given.step.past + 1), SPLITS: splitsOf(given) },
      grid: {},
      views: { 'k out': cache, 'v out': cache },
    }
  },
  sample: (given) => ({
    ...contextOf(given),
    noise: { logits: { scale: 8 } },
    views: { 'tokens out': { offset: given.step.past + given.step.seq, dims: [], size: 1 } },
  }),
  scale_shift: ({ n }) => ({ facts: { B: 1, C: Math.min(n('C'), ROWS) } }),
  sdpa: attends,
  softmax: leading(['A'], ['D', 'S']),
  stft_power: ({ n, language }) => {
    const facts = { B: 1, FRAMES: Math.min(n('FRAMES'), ROWS) }
    return { facts, grid: language === 'c' ? { B: 1 } : facts }
  },
  transpose: ({ n }) => ({
    facts: { B: 1, M: Math.min(n('M'), COLUMNS), N: Math.min(n('N'), COLUMNS) },
  }),
  unary: leading(['M', 'D']),
  where_nd: leading(['D0', 'D1', 'D2', 'D3', 'D4']),
  whisper_scale: rowsOf('B'),
}

/** The cut of an operator at the facts of a step. */
export function cutOf(op: string, given: Given): Cut {
  return cuts[op]?.({ ...given, n: (name) => num(given.facts, name) }) ?? {}
}
