/** What the contestants load, made once a run in a folder that pages read: bundles, ONNX and GGUF files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '../../../compiler/build/build.js'
import { packageRoot } from '../../../compiler/root.js'
import { writeGguf } from './gguf.js'
import { configOf, dimsOf, isPreset } from './llama.js'
import { matrixBundle } from './matrix.js'
import { linearFile, llamaFile, matmulFile, matricesOf } from './onnx.js'
import type { MatrixWork, ModelWork, Work } from './rows.js'

/** One way for a contestant to do a work: what the table calls it, and its files. */
export interface Entry {
  peer: Work['peers'][number]
  /** Empty, or what sets it apart from the peer's other entries. */
  how: string
  files: Record<string, string>
}

/** `accuracy_level` of MatMulNBits: floats, or integers of 8 bits. Floats have none. */
const levels = (bits: number): number[] => (bits === 32 ? [0] : [0, 4])

export const slug = (name: string) => name.replace(/[^a-z0-9]+/gi, '-')

function save(folder: string, name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes)
  return name
}

async function matrixEntries(work: Work & MatrixWork, out: string, target: string): Promise<Entry[]> {
  const { M, N, K, bits } = work
  const bundle = slug(work.name)
  await matrixBundle(work, join(out, bundle), target)
  const onnx = (accuracy: number) =>
    work.kind === 'linear' ? linearFile(M, N, K, bits, accuracy) : matmulFile(M, N, K)
  const entries: Entry[] = [{ peer: 'ours', how: '', files: { bundle } }]
  for (const level of levels(bits)) {
    const name = save(out, `${bundle}-${level}.onnx`, onnx(level))
    entries.push({ peer: 'ort', how: bits === 32 ? '' : `accuracy ${level}`, files: { onnx: name } })
  }
  if (work.peers.includes('tfjs')) entries.push({ peer: 'tfjs', how: '', files: {} })
  return entries
}

/** What a model's files are made for. */
export interface MakeOptions {
  target: string
  /** Variants of the bundle, by the beginnings of their ids; all if absent. */
  only?: string[] | undefined
}

/** A bundle whose generations last as long as they are asked to: no token ends one. */
export async function modelBundle(
  work: ModelWork,
  out: string,
  { target, only }: MakeOptions,
): Promise<void> {
  if (existsSync(join(out, 'manifest.json'))) return
  const bits = work.bits === 32 ? 'f32' : work.bits
  const { model, group = 32, context } = work
  await build({
    ...{ model, targets: [target], out, bits, group },
    ...(only && { only }),
    ...(context !== undefined && { context }),
  })
  const file = join(out, 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  manifest.model.eos = []
  writeFileSync(file, JSON.stringify(manifest))
}

async function modelEntries(work: Work & ModelWork, out: string, options: MakeOptions): Promise<Entry[]> {
  const bundle = slug(work.name)
  await modelBundle(work, join(out, bundle), options)
  const entries: Entry[] = [{ peer: 'ours', how: '', files: { bundle } }]
  const gguf = `${bundle}.gguf`
  if (work.peers.includes('wllama') && !existsSync(join(out, gguf)))
    await writeGguf(work.model, join(out, gguf), work.bits)
  entries.push({ peer: 'wllama', how: '', files: { gguf } })
  const dims = dimsOf(configOf(work.model))
  for (const level of work.peers.includes('ort') ? levels(work.bits) : []) {
    const onnx = `${bundle}-${level}.onnx`
    if (!existsSync(join(out, onnx))) save(out, onnx, llamaFile(dims, work.bits, level, isPreset(work.model)))
    entries.push({
      peer: 'ort',
      how: `matrices alone${work.bits === 32 ? '' : `, accuracy ${level}`}`,
      files: { onnx, hidden: String(dims.hidden) },
    })
  }
  const matrices = JSON.stringify(matricesOf(dims))
  const head = JSON.stringify([dims.vocab, dims.hidden])
  if (work.peers.includes('tfjs'))
    entries.push({ peer: 'tfjs', how: 'matrices alone', files: { matrices, head } })
  return entries
}

/** Writes a work's files, and says who takes part with which. */
export const entriesOf = (work: Work, out: string, options: MakeOptions): Promise<Entry[]> =>
  work.kind === 'model' ? modelEntries(work, out, options) : matrixEntries(work, out, options.target)

/** The ceilings' module. */
export async function writeCeilings(out: string): Promise<void> {
  const { commands } = await import('@yowasp/clang')
  const source = readFileSync(join(packageRoot(), 'tests/bench/wasm/ceilings.c'), 'utf8')
  const flags = ['--target=wasm32', '-O3', '-mllvm', '-disable-lsr', '-msimd128', '-mrelaxed-simd']
  await commands.clang(['--version'], {}, { fetchProgress() {}, stdout() {} })
  const o = await commands.clang([...flags, '-ffreestanding', '-c', 'k.c', '-o', 'k.o'], { 'k.c': source })
  const link = [
    '--no-entry',
    '--import-memory',
    '--export=__heap_base',
    '--export=read_all',
    '--export=madds',
  ]
  const w = await commands['wasm-ld']([...link, 'k.o', '-o', 'k.wasm'], { 'k.o': o!['k.o']! })
  save(out, 'ceilings.wasm', w!['k.wasm'] as Uint8Array)
}

/** The packages that wgc is compared with; they have a lock of their own. */
export function peersFolder(): string {
  const folder = join(packageRoot(), 'tests/bench/peers/node_modules')
  if (!existsSync(folder)) throw new Error('the peers are not installed: npm --prefix tests/bench/peers ci')
  return folder
}
