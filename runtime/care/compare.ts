/** What a device made of a test, against what it must. */
import type { Expectation, SelfTest } from '../format.js'
import { decode, sampleOf, sumsOf } from './pattern.js'

/** The first difference of an output, in words. A number that is none differs from every other. */
function differs(e: Expectation, bytes: Uint8Array): string | undefined {
  const found = decode(e.type, e.size, bytes)
  const off = (name: string, got: number, counted: number, bound: number): string | undefined => {
    const want = counted * e.unit
    if (Math.abs(got - want) <= bound + e.unit / 2) return undefined
    return `${name} is ${Number(got.toPrecision(6))}, and should be ${Number(want.toPrecision(6))} ± ${bound}`
  }
  const exact = e.type === 'u32'
  for (const [i, at] of sampleOf(found.length, e.values.length).entries()) {
    const got = found[at]!
    if (exact ? got !== e.values[i] : off('', got, e.values[i]!, e.bound))
      return exact
        ? `number ${at} is ${got}, and should be ${e.values[i]}`
        : off(`number ${at}`, got, e.values[i]!, e.bound)
  }
  for (const [i, got] of sumsOf(found, e.sums.length).entries()) {
    const why = off(`sum ${i} of all numbers`, got, e.sums[i]!, e.sumBound)
    if (why) return why
  }
  return undefined
}

/** Why the results of a test are wrong; undefined: they are right. `found`: by expectation, dense. */
export function disagreement({ expect }: SelfTest, found: readonly Uint8Array[]): string | undefined {
  for (const [i, e] of expect.entries()) {
    const why = differs(e, found[i]!)
    if (why) return why
  }
  return undefined
}
