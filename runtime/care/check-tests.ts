/** A self-test is untrusted input, as all of a bundle: what passes has every index, size and offset in range. */
import type { Area, Expectation, Fill, Plan, SelfTest, SelfTests } from '../format.js'
import { rowBytesOf } from './pattern.js'

const MOST_TESTS = 1 << 14
const MOST_BYTES = 1 << 25
const MOST_ROWS = 1 << 18
const TYPES = ['f32', 'f16', 'u32', 'q8', 'q4', 'q3', 'q2', 'i8x4', 'i8x32']

const isCount = (n: unknown, most = Number.MAX_SAFE_INTEGER): n is number =>
  Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) <= most
const isNumbers = (v: unknown): v is number[] =>
  Array.isArray(v) && v.length <= MOST_BYTES && v.every((x) => typeof x === 'number')
const isRecord = (v: unknown): v is Record<string, number> =>
  typeof v === 'object' && v !== null && Object.values(v).every((x) => typeof x === 'number')

/** Bytes of all rows, if they lie within the operand. */
function isArea(area: Area, plan: Plan, { program, run }: SelfTest): boolean {
  const { of, type, size, offset, dims } = area
  if (!TYPES.includes(type) || !isCount(size, MOST_BYTES) || size < 1 || !isCount(offset)) return false
  if (!Array.isArray(dims) || dims.length > 8) return false
  let rows = 1
  let last = offset
  for (const [count, stride] of dims) {
    if (!isCount(count, MOST_ROWS) || count < 1 || !isCount(stride)) return false
    rows *= count
    last += (count - 1) * stride
  }
  const row = rowBytesOf(type, size)
  const region = plan.programs[program]!.dispatches[run[of[0]]?.[0] ?? -1]?.bind[of[1]]
  const fits = region && rows <= MOST_ROWS && rows * row <= MOST_BYTES && last + row <= region[2]
  return !!fits && plan.buffers[region[0]]?.kind !== 'weights'
}

function isFill({ stream, scale, base, values, ...area }: Fill, plan: Plan, test: SelfTest): boolean {
  const plain = [stream, scale, base].every((n) => n === undefined || typeof n === 'number')
  return (
    plain && (values === undefined || (isNumbers(values) && values.length > 0)) && isArea(area, plan, test)
  )
}

function isExpectation(e: Expectation, plan: Plan, test: SelfTest): boolean {
  const { unit, bound, sumBound, values, sums } = e
  return (
    [unit, bound, sumBound].every((n) => n >= 0) &&
    isNumbers(values) &&
    isNumbers(sums) &&
    isArea(e, plan, test)
  )
}

function isTest(test: SelfTest, plan: Plan): boolean {
  const { program, run, step, sizes, fill, expect } = test
  if (!Object.hasOwn(plan.programs, program)) return true
  const { dispatches } = plan.programs[program]!
  const runs = run.every(
    ([at, ...grid]) =>
      isCount(at, dispatches.length - 1) && grid.length <= 3 && grid.every((n) => isCount(n, 1e9)),
  )
  return (
    [runs, run.length > 0, isRecord(step), sizes === undefined || isRecord(sizes)].every(Boolean) &&
    fill.every((f) => isFill(f, plan, test)) &&
    expect.every((e) => isExpectation(e, plan, test))
  )
}

/** The tests of a file. Throws an error named as the runtime's for whatever a bundle may not hold. */
export function checkTests(file: unknown, plan: Plan): SelfTest[] {
  const { tests } = file as SelfTests
  let sound = false
  try {
    sound = tests.length <= MOST_TESTS && tests.every((test) => isTest(test, plan))
  } catch {
    // Something is of another kind than it must be.
  }
  if (sound) return tests
  throw Object.assign(new Error('malformed bundle: a self-test does not fit its plan'), {
    name: 'IntegrityError',
  })
}
