/**
 * A module for threads, made of one for a single thread. The two differ in their interface alone: the memory that is
 * imported is a shared one, and the stack pointer can be set from outside, because every instance starts with the
 * same. Kernels keep no scratch in static data and use no atomics, so their code is the same; static data is constant,
 * so that each new instance writes over it what is there. So nothing is compiled or shipped twice, and any compiler's
 * module will do.
 */
import { fail } from '../errors.js'

/** Export that holds the instance's stack pointer, where the module has a stack. */
export const STACK_POINTER = '__stack_pointer'

const IMPORT = 2
const GLOBAL = 6
const EXPORT = 7
/** Kinds of imports and exports. */
const MEMORY_KIND = 2
const GLOBAL_KIND = 3
/** Limits' flags: 1: has a maximum. 2: shared. 4: addresses of 64 bits. */
const MAXIMUM = 1
const SHARED = 2
const WIDE = 4
/** What a shared memory must state; the runtime's own may state less. In pages of 64 KiB. */
const MAX_PAGES = 65536
/** With addresses of 64 bits: all that the JavaScript interface allows. */
const MAX_PAGES_WIDE = 262144

/** LEB128, unsigned. Numbers beyond 32 bits occur as page counts of 64-bit memories. */
function leb(n: number): number[] {
  const out: number[] = []
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) | 128)
  return [...out, n]
}

interface Cursor {
  bytes: Uint8Array
  at: number
}

function readLeb(c: Cursor): number {
  let n = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = c.bytes[c.at++] ?? fail('WGC901', ['a wasm module ends within a number'])
    n += (byte & 127) * scale
    if (byte < 128) return n
  }
}

function readName(c: Cursor): Uint8Array {
  const length = readLeb(c)
  c.at += length
  return c.bytes.subarray(c.at - length, c.at)
}

const sized = (content: number[]): number[] => [...leb(content.length), ...content]

/** The import section, its one memory shared. */
function shareImport(body: Uint8Array): number[] {
  const c: Cursor = { bytes: body, at: 0 }
  const count = readLeb(c)
  const out = leb(count)
  for (let i = 0; i < count; i++) {
    const from = c.at
    readName(c)
    readName(c)
    if (c.bytes[c.at++] !== MEMORY_KIND) fail('WGC901', ['a wasm module imports more than a memory'])
    out.push(...body.subarray(from, c.at))
    const flags = c.bytes[c.at++] ?? 0
    const initial = readLeb(c)
    const wide = flags & WIDE
    const maximum = flags & MAXIMUM ? readLeb(c) : wide ? MAX_PAGES_WIDE : MAX_PAGES
    out.push(flags | SHARED | MAXIMUM, ...leb(initial), ...leb(maximum))
  }
  return out
}

/** Index of the one global that changes: compilers make none but the stack pointer. */
function stackPointer(body: Uint8Array): number | undefined {
  const c: Cursor = { bytes: body, at: 0 }
  const count = readLeb(c)
  const found: number[] = []
  for (let i = 0; i < count; i++) {
    c.at++
    if (c.bytes[c.at++] === 1) found.push(i)
    // The initial value: i32.const or i64.const n, end. Its bytes below 128 end the number.
    c.at++
    readLeb(c)
    c.at++
  }
  if (found.length > 1) fail('WGC901', ['a wasm module has more than one global that changes'])
  return found[0]
}

function exportGlobal(body: Uint8Array, name: string, index: number): number[] {
  const c: Cursor = { bytes: body, at: 0 }
  const count = readLeb(c)
  const entry = [...sized([...new TextEncoder().encode(name)]), GLOBAL_KIND, ...leb(index)]
  return [...leb(count + 1), ...body.subarray(c.at), ...entry]
}

/**
 * The same module with its memory shared and its stack pointer exported.
 * `wasm`: as `compileC` makes it, with one import, its memory. @throws WGC901 for any other
 */
export function withSharedMemory(wasm: Uint8Array): Uint8Array {
  const c: Cursor = { bytes: wasm, at: 8 }
  const parts: (Uint8Array | number[])[] = [wasm.subarray(0, 8)]
  let stack: number | undefined
  while (c.at < wasm.length) {
    const from = c.at
    const id = c.bytes[c.at++]
    const length = readLeb(c)
    const body = wasm.subarray(c.at, c.at + length)
    c.at += length
    if (c.at > wasm.length) fail('WGC901', ['a wasm module ends within a section'])
    if (id === GLOBAL) stack = stackPointer(body)
    if (id === IMPORT) parts.push([IMPORT, ...sized(shareImport(body))])
    else if (id === EXPORT && stack !== undefined)
      parts.push([EXPORT, ...sized(exportGlobal(body, STACK_POINTER, stack))])
    else parts.push(wasm.subarray(from, c.at))
  }
  return Buffer.concat(parts.map((p) => Uint8Array.from(p)))
}
