/** Clang in WebAssembly: what `npm ci` alone brings. 75 MB, so it is loaded only when something must be compiled. */
import { fail } from '../errors.js'
import { compileFlags, linkFlags, NO_LSR } from './flags.js'
import { failDiagnosed, translationUnit } from './source.js'
import type { CKernel, Toolchain, WasmFeature } from './types.js'

/** As package.json pins it; known without loading the package, because cache keys hold it. */
export const YOWASP_VERSION = '22.0.0-git20542-10'

/** A pinned compiler gives no new warnings one day: each of them is an error. Includes are pasted in, used or not. */
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-function']
const FLAGS = ['--target=wasm32', ...NO_LSR, ...WARNINGS, '-fno-caret-diagnostics']

export const yowaspId = `yowasp ${YOWASP_VERSION} ${FLAGS.join(' ')}`

type Package = typeof import('@yowasp/clang') & { version: string }

let loaded: Promise<Package> | undefined

/** Imports it, and runs it once: that first run is the only one that takes a `fetchProgress` to silence it. */
async function load(): Promise<Package> {
  const clang = await importPackage()
  if (clang.version !== YOWASP_VERSION)
    fail('WGC901', [`@yowasp/clang is ${clang.version}, wgc is made for ${YOWASP_VERSION}`])
  await clang.runLLVM(['wasm-ld', '--version'], {}, { fetchProgress() {}, stdout() {} })
  return clang
}

async function importPackage(): Promise<Package> {
  try {
    return (await import('@yowasp/clang')) as Package
  } catch (cause) {
    return fail('WGC524', [], { cause })
  }
}

/** What a tool writes to a stream, as text. */
function collect(): { write(bytes: Uint8Array | null): void; text(): string } {
  const chunks: Uint8Array[] = []
  return {
    write: (bytes) => void (bytes && chunks.push(bytes.slice())),
    text: () => Buffer.concat(chunks).toString(),
  }
}

async function compile(kernel: CKernel, features: WasmFeature): Promise<Uint8Array> {
  loaded ??= load()
  const { commands } = await loaded
  const stderr = collect()
  const args = [...FLAGS, ...compileFlags(features), 'k.c', '-o', 'k.o']
  try {
    const files = await commands.clang(args, { 'k.c': translationUnit(kernel) }, { stderr: stderr.write })
    return files!['k.o'] as Uint8Array
  } catch (e) {
    return failDiagnosed(kernel, stderr.text() || String(e))
  }
}

async function link(objects: Uint8Array[], exports: string[], features: WasmFeature): Promise<Uint8Array> {
  loaded ??= load()
  const { commands } = await loaded
  const stderr = collect()
  const inputs = Object.fromEntries(objects.map((bytes, i) => [`${i}.o`, bytes]))
  const args = [...linkFlags(exports, features), ...Object.keys(inputs), '-o', 'k.wasm']
  try {
    const files = await commands['wasm-ld'](args, inputs, { stderr: stderr.write })
    return files!['k.wasm'] as Uint8Array
  } catch (e) {
    return fail('WGC523', [stderr.text().trim() || String(e)], { place: { file: exports.join(', ') } })
  }
}

export const yowasp: Toolchain = {
  name: 'yowasp',
  id: yowaspId,
  features: ['base', 'simd128', 'relaxed', 'simd128-64', 'relaxed-64'],
  compile,
  link,
}
