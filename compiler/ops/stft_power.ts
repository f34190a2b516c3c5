import { turns } from '../audio/windows.js'
import { num, sumError } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

const at = (
  name: string,
  S: number,
  NFFT: number,
  HOP: number,
  FRAMES: number,
  more: Facts = {},
): OpCase => ({
  name,
  facts: { B: 1, S, NFFT, HOP, FRAMES, BINS: Math.floor(NFFT / 2) + 1, CENTER: true, PARTS: 1, ...more },
})

/** Sample i of a signal whose ends are mirrors. */
const mirrored = (x: Float64Array, i: number): number =>
  x[i < 0 ? -i : i >= x.length ? 2 * (x.length - 1) - i : i]!

const tables = new Map<number, Float64Array>()

function table(n: number): Float64Array {
  if (!tables.has(n)) tables.set(n, turns(n))
  return tables.get(n)!
}

export const stft_power: OpDef = {
  name: 'stft_power',
  doc: 'Short-time Fourier transform of NFFT windowed samples every HOP. PARTS 1: the power; 2: real and imaginary part. CENTER: frame f lies around sample f HOP, ends are mirrored. table is turns(NFFT).',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'S'] },
    window: { role: 'in', kind: 'f32', shape: ['NFFT'] },
    table: { role: 'in', kind: 'f32', shape: ['NFFT', '2'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'FRAMES', 'BINS * PARTS'] },
  },
  attrs: { HOP: undefined, FRAMES: undefined, BINS: undefined, CENTER: true, PARTS: 1 },
  reference({ x, window, y }, facts) {
    const [B, S, NFFT, HOP] = ['B', 'S', 'NFFT', 'HOP'].map((n) => num(facts, n)) as [
      number,
      number,
      number,
      number,
    ]
    const [FRAMES, BINS, PARTS] = [num(facts, 'FRAMES'), num(facts, 'BINS'), num(facts, 'PARTS')]
    for (let b = 0; b < B; b++)
      for (let f = 0; f < FRAMES; f++)
        for (let k = 0; k < BINS; k++) {
          let [re, im] = [0, 0]
          for (let n = 0; n < NFFT; n++) {
            const i = f * HOP + n - (facts.CENTER ? Math.floor(NFFT / 2) : 0)
            const value = window![n]! * mirrored(x!.subarray(b * S, (b + 1) * S), i)
            const angle = (-2 * Math.PI * ((n * k) % NFFT)) / NFFT
            re += value * Math.cos(angle)
            im += value * Math.sin(angle)
          }
          const out = (b * FRAMES + f) * BINS + k
          if (PARTS === 2) y!.set([re, im], 2 * out)
          else y![out] = re * re + im * im
        }
  },
  // A square has twice the error of what is squared.
  tolerance: (facts) => ({ abs: 0, rel: 2 * sumError(num(facts, 'NFFT')) }),
  cost: (facts) => {
    const out = num(facts, 'B') * num(facts, 'FRAMES') * num(facts, 'BINS')
    return {
      flops: 4 * out * num(facts, 'NFFT'),
      bytes: 4 * (num(facts, 'B') * num(facts, 'S') + 3 * num(facts, 'NFFT') + out * num(facts, 'PARTS')),
    }
  },
  cases: [
    at('one sample', 1, 1, 1, 1, { CENTER: false }),
    at('odd length', 41, 15, 4, 7),
    at('odd length', 41, 15, 4, 7, { CENTER: false, PARTS: 2 }),
    at('mirrored from end to end', 9, 16, 3, 4, { B: 3 }),
    at('several signals', 50, 20, 7, 5, { B: 2, CENTER: false }),
    at('several signals', 50, 20, 7, 8, { B: 2, PARTS: 2 }),
    at('all bins', 30, 12, 5, 4, { CENTER: false, BINS: 12, PARTS: 2 }),
    at('more bins than a turn', 30, 6, 5, 5, { BINS: 33 }),
    at('length and bins just over a workgroup', 200, 130, 33, 7),
    at('length of Whisper', 700, 400, 160, 5, { BINS: 201 }),
  ].map((c, i) => ({ ...c, name: `${c.name}, ${i}` })),
  fill: { table: (i, facts) => table(num(facts, 'NFFT'))[i]! },
}
