/**
 * Checks of an emitted wasm module: its interface, read from its sections, and V8's own validation, in which
 * V8 takes part with relaxed SIMD and 64-bit memories switched on where they are behind a flag (Node 20).
 */
import { setFlagsFromString } from 'node:v8'
import { fail } from '../errors.js'

export interface WasmExpected {
  /** Functions that the plan calls. */
  exports: string[]
  /** Of the module, for messages. */
  name?: string
}

/** The one import there may be: the memory, which the runtime makes. */
const MEMORY = { module: 'env', name: 'memory', kind: 'memory' }

/**
 * @throws WGC504 when the bytes are no valid module, import anything but `env.memory`, or lack an export
 */
export async function validateWasm(bytes: Uint8Array, expected: WasmExpected): Promise<void> {
  const wrong = (why: string, cause?: unknown): never =>
    fail('WGC504', [expected.name ?? 'module', why], { cause })
  const module = compile(bytes, wrong)
  const imports = WebAssembly.Module.imports(module)
  const foreign = imports.find(
    (i) => i.module !== MEMORY.module || i.name !== MEMORY.name || i.kind !== MEMORY.kind,
  )
  if (foreign)
    wrong(`it imports the ${foreign.kind} ${foreign.module}.${foreign.name}, only env.memory is there`)
  if (imports.length === 0) wrong('it does not import env.memory')
  const functions = WebAssembly.Module.exports(module).filter((e) => e.kind === 'function')
  const has = new Set(functions.map((e) => e.name))
  const missing = expected.exports.filter((name) => !has.has(name))
  if (missing.length > 0) wrong(`it does not export ${missing.join(', ')}`)
}

type Wrong = (why: string, cause?: unknown) => never

/** Compiling validates every function and, unlike `WebAssembly.validate`, says what is wrong. */
function compile(bytes: Uint8Array, wrong: Wrong): WebAssembly.Module {
  return withFlags(() => {
    try {
      return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
    } catch (e) {
      if (e instanceof WebAssembly.CompileError)
        return wrong(e.message.replace('WebAssembly.Module(): ', ''), e)
      throw e
    }
  })
}

/** Features that V8 may have behind a flag, and a module that uses each. */
const FLAGGED: readonly [flag: string, probe: Uint8Array<ArrayBuffer>][] = [
  [
    'experimental-wasm-relaxed-simd',
    // (module (func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle))
    Uint8Array.of(
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 123, 123, 1, 123, 3, 2, 1, 0],
      ...[10, 11, 1, 9, 0, 32, 0, 32, 1, 0xfd, 0x80, 0x02, 11],
    ),
  ],
  // (module (memory i64 1))
  ['experimental-wasm-memory64', Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1)],
]

/**
 * Runs with all of them accepted. Where one is behind a flag, the flag is on for this call alone: Node 20's
 * baseline compiler computes some relaxed SIMD wrongly, so nothing may come to run it here.
 */
function withFlags<T>(act: () => T): T {
  const off = FLAGGED.filter(([, probe]) => !WebAssembly.validate(probe)).map(([flag]) => flag)
  for (const flag of off) setFlagsFromString(`--${flag}`)
  try {
    return act()
  } finally {
    for (const flag of off) setFlagsFromString(`--no-${flag}`)
  }
}
