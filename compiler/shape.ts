/**
 * Checks of data files: a shape takes a parsed value and its path and gives it back typed, or throws WGC411
 * with the path. An object with a field that its shape does not name is refused, so a typing error shows.
 */
import { fail } from './errors.js'

export type Shape<T> = (value: unknown, at: At) => T

/** Where a value stands: the file and the path inside it (`webgpu.featureSets[1]`). */
export interface At {
  file: string
  path: string
}

const wrong = (value: unknown, wanted: string, at: At): never =>
  fail('WGC411', [at.path, shown(value), wanted], { place: { file: at.file } })

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return value.length ? 'a list' : 'an empty list'
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value)
}

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)

const inside = (at: At, step: string | number): At => ({
  ...at,
  path: typeof step === 'number' ? `${at.path}[${step}]` : at.path ? `${at.path}.${step}` : step,
})

export const text: Shape<string> = (v, at) => (typeof v === 'string' && v !== '' ? v : wrong(v, 'a text', at))

/** A positive integer. */
export const count: Shape<number> = (v, at) =>
  typeof v === 'number' && Number.isInteger(v) && v > 0 ? v : wrong(v, 'a positive integer', at)

export const flag: Shape<boolean> = (v, at) => (typeof v === 'boolean' ? v : wrong(v, 'true or false', at))

export const any: Shape<unknown> = (v) => v

export const oneOf =
  <T extends string>(...names: T[]): Shape<T> =>
  (v, at) =>
    names.includes(v as T) ? (v as T) : wrong(v, names.join(' or '), at)

export const list =
  <T>(item: Shape<T>): Shape<T[]> =>
  (v, at) =>
    Array.isArray(v) ? v.map((x, i) => item(x, inside(at, i))) : wrong(v, 'a list', at)

/** A list with at least one item. */
export const some =
  <T>(item: Shape<T>): Shape<T[]> =>
  (v, at) =>
    Array.isArray(v) && v.length === 0 ? wrong(v, 'a list with an item', at) : list(item)(v, at)

/** An object whose keys are free. */
export const map =
  <T>(item: Shape<T>): Shape<Record<string, T>> =>
  (v, at) =>
    isObject(v)
      ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, item(x, inside(at, k))]))
      : wrong(v, 'an object', at)

/** Fields that must be there, and fields that may. */
export const object =
  <T extends object>(
    fields: { [K in keyof T as undefined extends T[K] ? never : K]: Shape<T[K]> },
    optional: { [K in keyof T as undefined extends T[K] ? K : never]: Shape<Exclude<T[K], undefined>> },
  ): Shape<T> =>
  (v, at) => {
    if (!isObject(v)) return wrong(v, 'an object', at)
    const known: Record<string, Shape<unknown>> = { ...fields, ...optional }
    const extra = Object.keys(v).find((k) => !Object.hasOwn(known, k))
    if (extra !== undefined)
      return wrong(v[extra], `one of ${Object.keys(known).join(', ')}`, inside(at, extra))
    const present = Object.entries(known).filter(([k]) => Object.hasOwn(fields, k) || v[k] !== undefined)
    return Object.fromEntries(present.map(([k, shape]) => [k, shape(v[k], inside(at, k))])) as T
  }
