/** Size and alignment of WGSL types, after the table "Alignment and size" of the WGSL specification. */
import { split, type Token } from './tokens.js'

export interface Layout {
  size: number
  align: number
}

/** Name of a struct to the tokens between its braces. */
export type Structs = Map<string, Token[]>

export interface TypeScope {
  aliases: Map<string, Token[]>
  structs: Structs
  /** Value of a constant expression. */
  value: (expr: Token[]) => number | undefined
}

const SCALARS: Record<string, number> = { f32: 4, u32: 4, i32: 4, bool: 4, f16: 2 }
const SUFFIX: Record<string, number> = { f: 4, u: 4, i: 4, h: 2 }

const up = (n: number, align: number) => Math.ceil(n / align) * align

/** Bytes of a type with a fixed size; undefined for every other (runtime arrays, unknown names). */
export function sizeOf(type: Token[], scope: TypeScope, depth = 0): Layout | undefined {
  const name = type[0]?.text
  if (name === undefined || depth > 32) return undefined // deeper is a cycle
  const scalar = SCALARS[name]
  if (scalar) return { size: scalar, align: scalar }
  const alias = scope.aliases.get(name)
  if (alias) return sizeOf(alias, scope, depth + 1)
  const fields = scope.structs.get(name)
  if (fields) return structOf(fields, scope, depth + 1)

  const args = split(type.slice(2, -1))
  const shape = /^(?:vec(\d)|mat(\d)x(\d))([fuih]?)$/.exec(name)
  if (shape) {
    const element = shape[4] ? SUFFIX[shape[4]] : args[0] && sizeOf(args[0], scope, depth + 1)?.size
    if (!element) return undefined
    const rows = Number(shape[1] ?? shape[3])
    const align = (rows === 2 ? 2 : 4) * element
    if (shape[1]) return { size: rows * element, align }
    return { size: Number(shape[2]) * align, align }
  }
  if (name === 'atomic') return args[0] && sizeOf(args[0], scope, depth + 1)
  if (name === 'array' && args[0] && args[1]) {
    const element = sizeOf(args[0], scope, depth + 1)
    const count = scope.value(args[1])
    if (!element || count === undefined) return undefined
    return { size: up(element.size, element.align) * count, align: element.align }
  }
  return undefined
}

function structOf(fields: Token[], scope: TypeScope, depth: number): Layout | undefined {
  let [size, align] = [0, 1]
  for (const field of split(fields)) {
    const stated: Record<string, number | undefined> = {}
    let i = 0
    for (; field[i]?.text === '@'; i += 5) {
      if (field[i + 2]?.text !== '(' || field[i + 4]?.text !== ')') return undefined
      stated[field[i + 1]!.text] = scope.value([field[i + 3]!])
    }
    const layout = sizeOf(field.slice(i + 2), scope, depth)
    if (!layout) return undefined
    const aligned = stated.align ?? layout.align
    size = up(size, aligned) + (stated.size ?? layout.size)
    align = Math.max(align, aligned)
  }
  return { size: up(size, align), align }
}
