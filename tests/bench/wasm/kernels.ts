/**
 * C kernels against quick ones of ../shared/wasm-peers (if it is there) and the machine's ceilings, in one run
 * whose measurements alternate, so that what else runs on the machine slows all alike.
 *
 * V8 of Node 20 is not what browsers have: run it on Deno's.
 *   node_modules/.bin/deno run -A --v8-flags=--no-liftoff --unstable-sloppy-imports tests/bench/wasm/kernels.ts [filter]
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { formats } from '../../../compiler/formats/formats.js'
import { layoutNamed } from '../../../compiler/formats/layouts.js'
import type { WeightFormatName } from '../../../compiler/ir/graph.js'
import { noise } from '../../../compiler/ops/common.js'
import { quantizedRowBytes } from '../../../compiler/ops/quantize_rows.js'
import { packageRoot } from '../../../compiler/root.js'
import type { WasmFeature } from '../../../compiler/toolchain/index.js'
import { allKernels } from '../../kernels/c-kernels.js'

interface Module {
  memory: WebAssembly.Memory
  call: Record<string, (...args: number[]) => number>
  /** Memory for `bytes`. */
  alloc(bytes: number): number
  floats(bytes: number, value?: (i: number) => number): number
  bytes(content: Uint8Array): number
}

function load(wasm: Uint8Array): Module {
  const memory = new WebAssembly.Memory({ initial: 6144 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), {
    env: { memory },
  })
  let top = (exports.__heap_base as WebAssembly.Global).value
  const alloc = (bytes: number) => {
    const at = Math.ceil(top / 256) * 256
    top = at + bytes
    return at
  }
  return {
    memory,
    call: exports as Module['call'],
    alloc,
    floats(count, value = (i) => noise(i, 1)) {
      const at = alloc(count * 4)
      const view = new Float32Array(memory.buffer, at, count)
      for (let i = 0; i < count; i++) view[i] = value(i)
      return at
    },
    bytes(content) {
      const at = alloc(content.length)
      new Uint8Array(memory.buffer).set(content, at)
      return at
    },
  }
}

/** The quick kernels, compiled as their own build does; undefined where they are not. */
async function loadPeers(features: WasmFeature): Promise<Module | undefined> {
  const file = join(packageRoot(), '..', 'shared', 'wasm-peers', 'kernels.c')
  if (!existsSync(file)) return undefined
  const { commands } = await import('@yowasp/clang')
  const relaxed = features === 'relaxed'
  const flags = ['-O3', '-mllvm', '-disable-lsr', '-msimd128', ...(relaxed ? ['-mrelaxed-simd'] : [])]
  const more = ['-mbulk-memory', '-ffreestanding', '-fno-math-errno', `-DRELAXED=${Number(relaxed)}`]
  const source = { 'k.c': readFileSync(file, 'utf8') }
  const o = await commands.clang(['--target=wasm32', ...flags, ...more, '-c', 'k.c', '-o', 'k.o'], source)
  const link = [
    '--no-entry',
    '--import-memory',
    '--export=__heap_base',
    '-z',
    'stack-size=65536',
    '--gc-sections',
  ]
  const w = await commands['wasm-ld']([...link, 'k.o', '-o', 'k.wasm'], { 'k.o': o!['k.o']! })
  return load(w!['k.wasm'] as Uint8Array)
}

interface Contestant {
  name: string
  run(): void
  /** Units of work a run does: GFLOP, GB. */
  amount: number
}

/**
 * Median of the rounds, in units a second of processor time (so that other work on the machine counts little);
 * contestants take turns.
 */
function race(contestants: Contestant[], rounds = 15, ms = 25): number[] {
  const timed = (run: () => void, k: number) => {
    const start = process.cpuUsage()
    for (let i = 0; i < k; i++) run()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6 / k
  }
  // The first calls run in a baseline compiler's code.
  for (const { run } of contestants)
    for (const end = performance.now() + 200; performance.now() < end; ) run()
  const repeats = contestants.map(({ run }) =>
    Math.max(1, Math.round(ms / 1000 / Math.max(1e-6, timed(run, 5)))),
  )
  const times = contestants.map((): number[] => [])
  for (let r = 0; r < rounds; r++)
    contestants.forEach(({ run }, i) => {
      times[i]!.push(timed(run, repeats[i]!))
    })
  const median = (t: number[]) => t.sort((a, b) => a - b)[t.length >> 1]!
  return contestants.map(({ amount }, i) => amount / median(times[i]!))
}

const filter = new RegExp(process.argv[2] ?? '.')

function report(title: string, unit: string, contestants: Contestant[]): void {
  if (!filter.test(title)) return
  const speeds = race(contestants)
  const first = speeds[0]!
  const text = contestants.map(
    (c, i) => `${c.name} ${speeds[i]!.toFixed(1)}${i ? ` (x${(first / speeds[i]!).toFixed(2)})` : ''}`,
  )
  console.log(`${title.padEnd(52)} ${unit.padEnd(8)} ${text.join('  ')}`)
}

/** Packed weights of random values. A block of rows is packed once and repeated. */
function weights(
  m: Module,
  format: WeightFormatName,
  N: number,
  K: number,
  G: number,
): { at: number; bytes: number } {
  const layout = layoutNamed('panels')
  const values = Float32Array.from({ length: 16 * K }, (_, i) => noise(i, 2) * 0.02)
  const block = layout.pack(format, formats[format].quantizeRows(values, 16, K, G)).data
  const bytes = layout.bytes(format, N, K, G).data
  const at = m.alloc(bytes)
  const all = new Uint8Array(m.memory.buffer)
  for (let i = 0; i < bytes; i += block.length) all.set(block, at + i)
  return { at, bytes }
}

function benchFloats(ours: Module, peers: Module | undefined, features: WasmFeature): void {
  const S = 512
  const gflop = (2 * S ** 3) / 1e9
  const y = ours.alloc(S * S * 4)
  const x = ours.floats(S * S)
  const panels = S / 8
  const contest: Contestant[] = (['f32', 'f16'] as const).map((W) => {
    const w = weights(ours, W, S, S, 32).at
    const run = () => void ours.call[`linear_${W}_none_none`]!(x, w, 0, 0, y, S, S, S, S, 0, panels)
    return { name: `linear_${W}`, amount: gflop, run }
  })
  const b = ours.floats(S * S)
  const matmul = () => void ours.call.matmul!(x, b, y, 1, 1, S, S, S, 0, 1, 0, panels)
  contest.push({ name: 'matmul', amount: gflop, run: matmul })
  if (peers) {
    const [a, b, c] = [peers.floats(S * S), peers.floats(S * S), peers.alloc(S * S * 4)]
    const scratch = peers.alloc(1 << 18)
    for (const name of features === 'relaxed' ? ['gemmp4x8u1', 'gemmp6x8u1'] : ['gemmp4x8u1'])
      contest.push({ name, amount: gflop, run: () => void peers.call[name]!(a, b, c, 0, S, S, S, scratch) })
    const table = peers.floats(64, () => 1e-9)
    const run = () => void peers.call.peak_acc!(100000, table)
    contest.push({ name: 'ceiling', amount: (100000 * 24 * 8) / 1e9, run })
  }
  report(`f32 GEMM 512^3 ${features}`, 'GFLOP/s', contest)
}

function benchGemv(ours: Module, peers: Module | undefined, features: WasmFeature): void {
  const [N, K, G] = [4096, 4096, 32]
  const x = ours.floats(K)
  const q = ours.alloc(quantizedRowBytes(K))
  ours.call.quantize_rows!(x, q, K, 0, 1)
  const y = ours.alloc(N * 4)
  const ceiling: Contestant[] = []
  let quick: Contestant[] = []
  if (peers) {
    // Beyond any cache, and written: pages that never were are all the same one.
    const bytes = 128 << 20
    const all = peers.alloc(bytes)
    new Uint8Array(peers.memory.buffer, all, bytes).fill(1)
    ceiling.push({ name: 'read', amount: bytes / 1e9, run: () => void peers.call.mem_read!(all, bytes) })
    const [w, px, pq, q16, sx, co] = [N * K * (9 / 16), K * 4, K, K * 2, K / 8, K / 8].map((n) =>
      peers.alloc(n),
    ) as [number, number, number, number, number, number]
    const py = peers.alloc(N * 4)
    // Weights whose scales, wherever they lie, are ordinary halves: zeros and subnormals have speeds of their own.
    const stored = new Uint8Array(peers.memory.buffer, w, (N * K * 9) / 16)
    stored.forEach((_, i) => {
      stored[i] = (((i * 2654435761) >>> 13) & 0x3f) | (i & 1 ? 0x20 : 0)
    })
    new Float32Array(peers.memory.buffer, px, K).forEach((_, i, a) => {
      a[i] = noise(i, 1)
    })
    peers.call.quant_x!(px, pq, sx, co, q16, K)
    const names = features === 'relaxed' ? ['q4rds_16', 'q4i16_16'] : ['q4i16_16']
    quick = names.map((name) => ({
      name,
      amount: (N * K * 9) / 16 / 1e9,
      run: () => void peers.call[name]!(w, name.includes('i16') ? q16 : pq, sx, co, py, 0, N, K),
    }))
  }
  for (const [W, group] of [
    ['q4', 32],
    ['q4', 64],
    ['q8', 32],
    ['q8', 64],
  ] as const) {
    const w = weights(ours, W, N, K, group)
    const run = () => void ours.call[`linear_${W}_none_none`]!(q, w.at, 0, 0, y, 1, N, K, group, N, 0, N / 16)
    const mine = { name: `linear_${W}`, amount: w.bytes / 1e9, run }
    report(`${W}/${group} GEMV 4096^2 ${features}`, 'GB/s', [
      mine,
      ...(W === 'q4' && group === G ? quick : []),
      ...ceiling,
    ])
  }
  for (const W of ['f32', 'f16'] as const) {
    const w = weights(ours, W, 2048, K, 32)
    const run = () => void ours.call[`linear_${W}_none_none`]!(x, w.at, 0, 0, y, 1, 2048, K, N, 0, 256)
    report(`${W} GEMV 2048x4096 ${features}`, 'GB/s', [
      { name: `linear_${W}`, amount: w.bytes / 1e9, run },
      ...ceiling,
    ])
  }
}

function benchQuantisedGemm(ours: Module, features: WasmFeature): void {
  const S = 512
  const x = ours.floats(S * S)
  const q = ours.alloc(quantizedRowBytes(S) * S)
  ours.call.quantize_rows!(x, q, S, 0, S)
  const y = ours.alloc(S * S * 4)
  const f32 = weights(ours, 'f32', S, S, 32).at
  const base = {
    name: 'linear_f32',
    amount: (2 * S ** 3) / 1e9,
    run: () => void ours.call.linear_f32_none_none!(x, f32, 0, 0, y, S, S, S, S, 0, S / 8),
  }
  for (const W of ['q4', 'q8'] as const) {
    const w = weights(ours, W, S, S, 32).at
    const run = () => void ours.call[`linear_${W}_none_none`]!(q, w, 0, 0, y, S, S, S, 32, S, 0, S / 16)
    report(`${W} GEMM 512^3 ${features}`, 'GOP/s', [
      { name: `linear_${W}`, amount: (2 * S ** 3) / 1e9, run },
      base,
    ])
  }
}

/** Attention of 32 heads over 1024 keys: one row, and 64 rows. Bytes: keys and values, read once for each row. */
function benchAttention(ours: Module, features: WasmFeature): void {
  const [H, C] = [32, 1024]
  for (const [KVH, HD] of [
    [32, 64],
    [8, 128],
  ] as const)
    for (const M of [1, 64]) {
      const step = ours.alloc(32)
      new Uint32Array(ours.memory.buffer, step, 2).set([M, C - M])
      const q = ours.floats(M * H * HD)
      const y = ours.alloc(M * H * HD * 4)
      const items = KVH * Math.ceil((M * (H / KVH)) / 4)
      const contest = (['f32', 'f16'] as const).map((KV): Contestant => {
        const cache = ours.alloc(KVH * C * HD * 4)
        // 0x3c00: ones, whichever way they are read.
        new Uint16Array(ours.memory.buffer, cache, KVH * C * HD * 2).fill(0x3c00)
        const sizes = [M, H, KVH, HD, C, HD ** -0.5, 0, 0] as const
        const run = () => void ours.call[`attention_${KV}`]!(q, cache, cache, y, step, ...sizes, 0, items)
        return { name: `attention_${KV}`, amount: (4 * M * H * HD * (C - M / 2)) / 1e9, run }
      })
      report(`attention ${H}/${KVH} heads of ${HD}, ${M} rows ${features}`, 'GFLOP/s', contest)
    }
}

/** What a step does besides: millions of elements a second. */
function benchRest(ours: Module, features: WasmFeature): void {
  const [D, V] = [4096, 128256]
  const [x, g, y] = [ours.floats(D), ours.floats(D), ours.alloc(D * 8)]
  const q = ours.alloc(quantizedRowBytes(D))
  const step = ours.alloc(32)
  const rest: Contestant[] = [
    { name: 'rmsnorm', amount: D / 1e6, run: () => void ours.call.rmsnorm!(x, g, y, step, D, 1e-5, 0, 0, 1) },
    { name: 'silu_mul', amount: D / 1e6, run: () => void ours.call.binary_silu_mul!(x, g, y, D, 0, 0, D) },
    { name: 'quantize_rows', amount: D / 1e6, run: () => void ours.call.quantize_rows!(x, q, D, 0, 1) },
  ]
  report(`elementwise, ${D} ${features}`, 'M/s', rest)
  const logits = ours.floats(V, (i) => 12 * noise(i, 5) ** 3 + noise(i, 6))
  const tokens = ours.alloc(64)
  const sampled = (name: string, top_k: number, top_p: number, temperature: number): Contestant => {
    const at = ours.alloc(32)
    const view = new DataView(ours.memory.buffer, at, 32)
    for (const [offset, value] of [
      [0, 1],
      [12, top_k],
      [24, 1],
    ] as const)
      view.setUint32(offset, value, true)
    view.setFloat32(16, top_p, true)
    view.setFloat32(20, temperature, true)
    return { name, amount: V / 1e6, run: () => void ours.call.sample!(logits, tokens, at, V, 0, 1) }
  }
  const samplers = [
    sampled('greedy', 0, 1, 0),
    sampled('draw', 0, 1, 1),
    sampled('top-k 40', 40, 1, 1),
    sampled('top-p 0.9', 0, 0.9, 1),
  ]
  report(`sample of ${V} ${features}`, 'M/s', samplers)
}

for (const features of ['relaxed', 'simd128'] as const) {
  const { wasm } = await allKernels(features)
  const peers = await loadPeers(features)
  if (!peers) console.log('../shared/wasm-peers is not there: no comparison with its kernels')
  benchFloats(load(wasm), peers, features)
  benchGemv(load(wasm), await loadPeers(features), features)
  benchQuantisedGemm(load(wasm), features)
  benchAttention(load(wasm), features)
  benchRest(load(wasm), features)
}
