/** JSON changed in one place at a time, for tests that trust no input. */
import fc from 'fast-check'

export type Path = (string | number)[]

/** Every place in a piece of JSON. */
export function places(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const inner = Object.entries(value).flatMap(([k, v]) =>
    places(v, [...at, Array.isArray(value) ? Number(k) : k]),
  )
  return at.length ? [at, ...inner] : inner
}

/** A copy with `value` at `path`, or without that place for undefined. As it is where there is no such place. */
export function put<T>(json: T, path: Path, value: unknown): T {
  const copy = structuredClone(json)
  let parent: unknown = copy
  for (const key of path.slice(0, -1))
    parent = (parent as Record<string | number, unknown> | undefined)?.[key]
  if (typeof parent !== 'object' || parent === null) return copy
  const last = path.at(-1)!
  if (value === undefined) delete (parent as Record<string | number, unknown>)[last]
  else (parent as Record<string | number, unknown>)[last] = value
  return copy
}

const NUMBERS = [-1, 0.5, 1, 3, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53, 1e300]
const OTHERS = [null, true, '', '..', '../x', 'constructor', '__proto__', 'seq', [], {}, [[]], ['+', 'seq']]

export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<unknown>(...OTHERS),
  fc.constantFrom(...NUMBERS),
  fc.integer(),
  fc.jsonValue({ maxDepth: 2 }),
)
