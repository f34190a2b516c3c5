/**
 * Emscripten: found by $EMCC or on PATH. It compiles; its own wasm-ld links, because `emcc` as a linker
 * wants a C library's entry points and runs an optimiser that makes SIMD kernels slower.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fail } from '../errors.js'
import { compileFlags, linkFlags } from './flags.js'
import { failDiagnosed, translationUnit } from './source.js'
import type { CKernel, Toolchain, WasmFeature } from './types.js'

const run = promisify(execFile)
const FLAGS = ['-w', '-fno-caret-diagnostics', '-fno-color-diagnostics']
/** The first clang whose header and back end have relaxed SIMD as it was standardised. */
const RELAXED_CLANG = 17

type Failure = Error & { stderr?: string }

/** Path of emcc: $EMCC, else the first on PATH. */
export function findEmcc(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.EMCC) return existsSync(env.EMCC) ? env.EMCC : undefined
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.map((folder) => join(folder, 'emcc')).find(existsSync)
}

/** Emscripten as a toolchain. Throws WGC521 where it is not installed. */
export async function emcc(env: NodeJS.ProcessEnv = process.env): Promise<Toolchain> {
  const path = findEmcc(env) ?? fail('WGC521', [env.EMCC])
  const version = (await call(path, ['--version'])).split('\n')[0]!
  const clang = Number(await macro(path, '__clang_major__'))
  return {
    name: 'emcc',
    id: `emcc ${version} clang ${clang} ${FLAGS.join(' ')}`,
    features: clang < RELAXED_CLANG ? ['base', 'simd128'] : ['base', 'simd128', 'relaxed'],
    compile: (kernel, features) => compile(path, clang, kernel, features),
    link: (objects, exports, features) => link(path, objects, exports, features),
  }
}

async function call(path: string, args: string[]): Promise<string> {
  try {
    return (await run(path, args)).stdout
  } catch (cause) {
    const { stderr, message } = cause as Failure
    return fail('WGC523', [stderr?.trim() || message], { place: { file: path }, cause })
  }
}

/** What the preprocessor makes of a name. */
const macro = (path: string, name: string): Promise<string> =>
  inFolder(async (folder) => {
    const source = join(folder, 'm.c')
    await writeFile(source, `${name}\n`)
    return (await call(path, ['-E', '-P', source])).trim()
  })

async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'wgc-emcc-'))
  try {
    return await act(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function compile(path: string, clang: number, kernel: CKernel, features: WasmFeature): Promise<Uint8Array> {
  if (features === 'relaxed' && clang < RELAXED_CLANG) fail('WGC522', [clang, RELAXED_CLANG])
  return inFolder(async (folder) => {
    const [source, object] = [join(folder, 'k.c'), join(folder, 'k.o')]
    await writeFile(source, translationUnit(kernel))
    try {
      await run(path, [...FLAGS, ...compileFlags(features), source, '-o', object])
    } catch (cause) {
      failDiagnosed(kernel, (cause as Failure).stderr || String(cause))
    }
    return readFile(object)
  })
}

function link(
  path: string,
  objects: Uint8Array[],
  exports: string[],
  features: WasmFeature,
): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    const inputs = objects.map((_, i) => join(folder, `${i}.o`))
    await Promise.all(inputs.map((file, i) => writeFile(file, objects[i]!)))
    const output = join(folder, 'k.wasm')
    await call(await findLinker(path), [...linkFlags(exports, features), ...inputs, '-o', output])
    return readFile(output)
  })
}

/** wasm-ld, or wasm-ld-14 as Debian calls it, in the LLVM that this emcc uses. */
async function findLinker(path: string): Promise<string> {
  const root = (await call(join(dirname(path), 'em-config'), ['LLVM_ROOT'])).trim()
  const found = (await readdir(root)).filter((name) => /^wasm-ld(-\d+)?$/.test(name)).sort()[0]
  return found ? join(root, found) : fail('WGC523', [`no wasm-ld in ${root}`], { place: { file: path } })
}
