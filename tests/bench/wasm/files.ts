/** What the contestants load, made once a run in a folder that pages read: bundles, ONNX and GGUF files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '../../../compiler/build/build.js'
import { packageRoot } from '../../../compiler/root.js'
import { writeGguf } from './gguf.js'
import { matrixBundle } from './matrix.js'
import { type LlamaDims, linearFile, llamaFile, matmulFile, matricesOf } from './onnx.js'
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

const slug = (name: string) => name.replace(/[^a-z0-9]+/gi, '-')

function save(folder: string, name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes)
  return name
}

function dimsOf(folder: string): LlamaDims {
  const c = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, number>
  const heads = c.num_attention_heads!
  return {
    hidden: c.hidden_size!,
    ffn: c.intermediate_size!,
    layers: c.num_hidden_layers!,
    heads,
    kvHeads: c.num_key_value_heads ?? heads,
    headSize: c.head_dim ?? c.hidden_size! / heads,
    vocab: c.vocab_size!,
  }
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

/** A bundle whose generations last as long as they are asked to: no token ends one. */
async function modelBundle(work: ModelWork, out: string, target: string): Promise<void> {
  const bits = work.bits === 32 ? 'f32' : work.bits
  await build({ model: work.model, targets: [target], out, bits, group: 32 })
  const file = join(out, 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  manifest.model.eos = []
  writeFileSync(file, JSON.stringify(manifest))
}

async function modelEntries(work: Work & ModelWork, out: string, target: string): Promise<Entry[]> {
  const bundle = slug(work.name)
  await modelBundle(work, join(out, bundle), target)
  const entries: Entry[] = [{ peer: 'ours', how: '', files: { bundle } }]
  const gguf = `${bundle}.gguf`
  await writeGguf(work.model, join(out, gguf), work.bits)
  entries.push({ peer: 'wllama', how: '', files: { gguf } })
  const dims = dimsOf(work.model)
  for (const level of levels(work.bits)) {
    const make = (M: number) =>
      save(out, `${bundle}-${level}-${M}.onnx`, llamaFile(dims, M, work.bits, level))
    entries.push({
      peer: 'ort',
      how: `matrices alone${work.bits === 32 ? '' : `, accuracy ${level}`}`,
      files: { prefill: make(work.prompt), decode: make(1), hidden: String(dims.hidden) },
    })
  }
  const matrices = JSON.stringify(matricesOf(dims))
  const head = JSON.stringify([dims.vocab, dims.hidden])
  if (work.peers.includes('tfjs'))
    entries.push({ peer: 'tfjs', how: 'matrices alone', files: { matrices, head } })
  return entries
}

/** Writes a work's files, and says who takes part with which. */
export const entriesOf = (work: Work, out: string, target: string): Promise<Entry[]> =>
  work.kind === 'model' ? modelEntries(work, out, target) : matrixEntries(work, out, target)

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
