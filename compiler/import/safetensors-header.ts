/**
 * The header of a safetensors file: eight bytes of length, then JSON that names type, shape and place of each
 * tensor. It may come from anywhere, so nothing of it is believed before it is checked.
 * Format: https://huggingface.co/docs/safetensors/index
 */
import { fail } from '../errors.js'
import { isObject, shown } from './config.js'

/** Bits an element of each type that the format knows. */
export const DTYPE_BITS = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
} as const

export type SafeDType = keyof typeof DTYPE_BITS

export interface TensorInfo {
  dtype: SafeDType
  shape: number[]
  /** Bytes [begin, end) of the file. */
  begin: number
  end: number
}

/** The reference reader's bound. */
export const MAX_HEADER_BYTES = 100_000_000
export const LENGTH_BYTES = 8
const MAX_NAME = 1024
/** Header, tensor, list: anything deeper is no header. */
const MAX_DEPTH = 8

const isSize = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0

// biome-ignore lint/suspicious/noControlCharactersInRegex: names are printed to terminals
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/** A key that stands twice in one object of valid JSON, or what else no header has; `JSON.parse` takes the last. */
function oddity(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{') open.push(new Set())
    else if (c === '[') open.push(undefined)
    else if (c === '}' || c === ']') open.pop()
    if (open.length > MAX_DEPTH) return 'its header is nested too deep'
    if (c !== '"') continue
    let end = i + 1
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    const literal = text.slice(i, end + 1)
    i = end
    let after = end + 1
    while (' \t\n\r'.includes(text[after] ?? '.')) after++
    if (text[after] !== ':') continue
    const key = JSON.parse(literal) as string
    const keys = open.at(-1)
    if (keys?.has(key)) return `its header names ${shown(key)} twice`
    keys?.add(key)
  }
  return undefined
}

/** Elements of a shape, or undefined beyond 2^53. */
export function elements(shape: readonly number[]): number | undefined {
  let product = 1
  for (const d of shape) {
    product *= d
    if (!Number.isSafeInteger(product)) return undefined
  }
  return product
}

/** One entry, checked on its own. Places are still relative to the data. */
function entry(name: string, value: unknown, file: string): TensorInfo {
  const wrong = (why: string): never => fail('WGC212', [shown(name), why], { place: { file } })
  if (name === '' || name.length > MAX_NAME || CONTROL.test(name)) return wrong('this is no name of a tensor')
  if (!isObject(value)) return wrong('its entry is no object')
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BITS, dtype))
    return wrong(`its type ${shown(dtype)} is unknown`)
  if (!Array.isArray(shape) || !shape.every(isSize)) return wrong('its shape is no list of sizes')
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    return wrong('its data_offsets are no pair of positions')
  const [begin, end] = offsets as [number, number]
  const count = elements(shape)
  const bits = count === undefined ? Number.NaN : count * DTYPE_BITS[dtype as SafeDType]
  if (!Number.isSafeInteger(bits)) return wrong(`its shape [${shape.join(', ')}] is too large`)
  if (begin > end) return wrong(`it ends at ${end}, before it begins at ${begin}`)
  if ((end - begin) * 8 !== bits)
    return wrong(`[${shape.join(', ')}] of ${dtype} takes ${bits / 8} bytes, data_offsets say ${end - begin}`)
  return { dtype: dtype as SafeDType, shape, begin, end }
}

/** The data must be covered without gap or overlap: what is between tensors would be nobody's, or two's. */
function checkCover(tensors: Map<string, TensorInfo>, file: string): number {
  let at = 0
  for (const [name, t] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    const wrong =
      t.begin < at
        ? 'it overlaps another tensor'
        : t.begin > at && `a hole of ${t.begin - at} bytes lies before it`
    if (wrong) fail('WGC212', [shown(name), wrong], { place: { file } })
    at = t.end
  }
  return at
}

function parseJson(json: Uint8Array, file: string): Record<string, unknown> {
  const wrong = (why: string, cause?: unknown): never => fail('WGC211', [why], { place: { file }, cause })
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(json)
    value = JSON.parse(text)
  } catch (e) {
    return wrong('its header is not valid JSON', e)
  }
  if (json[0] !== 0x7b || !isObject(value)) return wrong('its header is no JSON object')
  const odd = oddity(text)
  return odd === undefined ? value : wrong(odd)
}

/**
 * Tensors by name, from the header's JSON and the size of the file. Throws WGC210 (truncated), WGC211 (no
 * header) or WGC212 (a tensor's entry).
 */
export function parseHeader(json: Uint8Array, fileBytes: number, file: string): Map<string, TensorInfo> {
  const { __metadata__: metadata, ...entries } = parseJson(json, file)
  const texts = metadata === undefined || metadata === null || isObject(metadata)
  if (!texts || !Object.values(metadata ?? {}).every((v) => typeof v === 'string'))
    fail('WGC211', ['its __metadata__ is no table of texts'], { place: { file } })
  const relative = new Map(Object.entries(entries).map(([name, value]) => [name, entry(name, value, file)]))
  const start = LENGTH_BYTES + json.length
  const needs = start + checkCover(relative, file)
  if (needs > fileBytes) fail('WGC210', [fileBytes, needs], { place: { file } })
  if (needs < fileBytes)
    fail('WGC211', [`${fileBytes - needs} bytes at its end belong to no tensor`], { place: { file } })
  return new Map(
    [...relative].map(([name, t]) => [name, { ...t, begin: start + t.begin, end: start + t.end }]),
  )
}
