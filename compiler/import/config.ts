/** Typed reading of a model's configuration, whose every field is untrusted. */
import { fail } from '../errors.js'

/** A field's name, or several under which families know it; the first one present counts. */
export type FieldName = string | readonly string[]

interface Bounds {
  min?: number
  max?: number
}

/**
 * Fields of one JSON object. An absent field and `null` are the same: the default, or WGC207. A value of
 * another type or out of bounds is WGC208. Both name file and field.
 */
export interface ConfigReader {
  /** The file it was read from, for messages. */
  readonly file: string
  has(name: FieldName): boolean
  int(name: FieldName, options?: Bounds & { default?: number }): number
  number(name: FieldName, options?: Bounds & { default?: number }): number
  string(name: FieldName, options?: { default?: string; oneOf?: readonly string[] }): string
  bool(name: FieldName, options?: { default?: boolean }): boolean
  optionalInt(name: FieldName, options?: Bounds): number | undefined
  optionalNumber(name: FieldName, options?: Bounds): number | undefined
  optionalString(name: FieldName, options?: { oneOf?: readonly string[] }): string | undefined
  optionalBool(name: FieldName): boolean | undefined
  /** One integer or a list of them (`eos_token_id`), as a list; empty when absent. */
  ints(name: FieldName, options?: Bounds): number[]
  /** A list of numbers (`long_factor`); empty when absent. */
  numbers(name: FieldName, options?: Bounds): number[]
  /** A list of pairs of integers (`image_grid_pinpoints`); empty when absent. */
  pairs(name: FieldName): [number, number][]
  /** A list of strings (`architectures`); empty when absent. */
  strings(name: FieldName): string[]
  /** A nested object (`rope_scaling`, `text_config`). */
  section(name: FieldName): ConfigReader | undefined
}

/** A value as a message may show it: short, without control characters, and never walked into. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function bounded(what: string, { min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`
  if (min !== undefined) return `${what} of at least ${min}`
  return max === undefined ? what : `${what} of at most ${max}`
}

const within = (value: number, { min, max }: Bounds) =>
  (min === undefined || value >= min) && (max === undefined || value <= max)

/** A reader of `config`, read from `file`; `path` is the section's place in it ("rope_scaling."). */
export function configReader(config: Record<string, unknown>, file: string, path = ''): ConfigReader {
  const find = (name: FieldName): [field: string, value: unknown] => {
    const names = typeof name === 'string' ? [name] : name
    const present = names.find(
      (n) => Object.hasOwn(config, n) && config[n] !== null && config[n] !== undefined,
    )
    return present === undefined ? [names[0]!, undefined] : [present, config[present]]
  }
  const place = { place: { file } }

  /** The value if it passes, undefined if absent, else WGC208. */
  function take<T>(name: FieldName, wanted: string, ok: (value: unknown) => value is T): T | undefined {
    const [field, value] = find(name)
    if (value === undefined || ok(value)) return value
    return fail('WGC208', [path + field, shown(value), wanted], place)
  }

  /** The value, else the default, else WGC207. */
  function need<T>(name: FieldName, value: T | undefined, options: { default?: T }): T {
    if (value !== undefined) return value
    return options.default ?? fail('WGC207', [path + find(name)[0]], place)
  }

  const reader: ConfigReader = {
    file,
    has: (name) => find(name)[1] !== undefined,
    optionalInt: (name, o = {}) =>
      take(
        name,
        bounded('an integer', o),
        (v): v is number => Number.isSafeInteger(v) && within(v as number, o),
      ),
    optionalNumber: (name, o = {}) =>
      take(name, bounded('a number', o), (v): v is number => Number.isFinite(v) && within(v as number, o)),
    optionalString: (name, o = {}) =>
      take(
        name,
        o.oneOf ? `one of ${o.oneOf.join(', ')}` : 'a string',
        (v): v is string => typeof v === 'string' && (o.oneOf?.includes(v) ?? true),
      ),
    optionalBool: (name) => take(name, 'true or false', (v): v is boolean => typeof v === 'boolean'),
    int: (name, o = {}) => need(name, reader.optionalInt(name, o), o),
    number: (name, o = {}) => need(name, reader.optionalNumber(name, o), o),
    string: (name, o = {}) => need(name, reader.optionalString(name, o), o),
    bool: (name, o = {}) => need(name, reader.optionalBool(name), o),
    ints: (name, o = {}) => {
      const isInt = (v: unknown): v is number => Number.isSafeInteger(v) && within(v as number, o)
      const isInts = (v: unknown): v is number | number[] => isInt(v) || (Array.isArray(v) && v.every(isInt))
      const value = take(name, `${bounded('an integer', o)}, or a list of such`, isInts)
      return value === undefined ? [] : [value].flat()
    },
    numbers: (name, o = {}) => {
      const isNumbers = (v: unknown): v is number[] =>
        Array.isArray(v) && v.every((n) => Number.isFinite(n) && within(n, o))
      return take(name, `a list of ${bounded('a number', o).replace('a number', 'numbers')}`, isNumbers) ?? []
    },
    pairs: (name) => {
      const isPair = (v: unknown): v is [number, number] =>
        Array.isArray(v) && v.length === 2 && v.every((n) => Number.isSafeInteger(n) && n > 0)
      const isPairs = (v: unknown): v is [number, number][] => Array.isArray(v) && v.every(isPair)
      return take(name, 'a list of pairs of integers', isPairs) ?? []
    },
    strings: (name) => {
      const isStrings = (v: unknown): v is string[] =>
        Array.isArray(v) && v.every((s) => typeof s === 'string')
      return take(name, 'a list of strings', isStrings) ?? []
    },
    section: (name) => {
      const value = take(name, 'an object', isObject)
      return value && configReader(value, file, `${path}${find(name)[0]}.`)
    },
  }
  return reader
}
