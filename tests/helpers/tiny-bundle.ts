/**
 * A bundle small enough to follow by hand, for tests of the runtime. Its "model" gives the token
 * (3 * last + 1 + sum of all so far) mod VOCAB: the first part comes from the weights, the sum from the
 * state, so that a wrong shard, a wrong `past` or a stale state all show. It has two weight shards, state,
 * prefill (4 tokens a step), decode and forward, for WebGPU and for wasm.
 */
import { createHash } from 'node:crypto'
import type { FileInfo, Kernel, Manifest, Plan, Program, Region, Variant } from '../../runtime/format.js'
import type { Source } from '../../runtime/source.js'

export const VOCAB = 17
export const CONTEXT = 40
export const MAX_SEQ = 4

/** The token after these. */
export const nextToken = (ids: readonly number[]): number =>
  (3 * ids.at(-1)! + 1 + ids.reduce((a, b) => a + b, 0)) % VOCAB

/** The `count` tokens after a prompt. */
export function continuation(prompt: readonly number[], count: number): number[] {
  const ids = [...prompt]
  for (let i = 0; i < count; i++) ids.push(nextToken(ids))
  return ids.slice(prompt.length)
}

/** Logits of position `m`: 0 at the next token, less the further from it. */
export function logitsAt(ids: readonly number[], m: number): number[] {
  const next = nextToken(ids.slice(0, m + 1))
  return Array.from({ length: VOCAB }, (_, v) => 0 - Math.abs(v - next))
}

const STEP = `struct Step { seq: u32, past: u32, seed: u32, top_k: u32, top_p: f32, temperature: f32, sample: u32, pad: u32 }
@group(0) @binding(15) var<uniform> step: Step;
`

const logits = (row: string): string => `${STEP}
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(32)
fn main(@builtin(local_invocation_id) lane: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let v = lane.x;
  if (v >= ${VOCAB}u) { return; }
  let m = ${row};
  var sum = u32(x[m]);
  for (var i = 0u; i <= step.past + m; i++) { sum += state[i]; }
  y[group.x * ${VOCAB}u + v] = -abs(f32(v) - f32(sum % ${VOCAB}u));
}
`

const WGSL: Record<string, string> = {
  take: `${STEP}
@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let token = tokens[step.past + group.x];
  state[step.past + group.x] = token;
  x[group.x] = w[token];
}
`,
  last: logits('step.seq - 1u'),
  all: logits('group.x'),
  // Greedy, or moved on by the seed, so that a test sees whether the sampling options arrive.
  draw: `${STEP}
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;
@compute @workgroup_size(1)
fn main() {
  var best = 0u;
  for (var v = 1u; v < ${VOCAB}u; v++) { if (y[v] > y[best]) { best = v; } }
  if (step.temperature > 0.0) { best = (best + step.seed) % ${VOCAB}u; }
  if (step.sample != 0u) { tokens[step.past + step.seq] = best; }
}
`,
}

const C = `
typedef unsigned u32;
typedef struct { u32 seq, past, seed, top_k; float top_p, temperature; u32 sample, pad; } Step;
#define EXPORT(name) __attribute__((export_name(#name))) void name
EXPORT(take)(const u32* tokens, const float* w, u32* state, float* x, const Step* step, int begin, int end) {
  for (int m = begin; m < end; m++) {
    u32 token = tokens[step->past + m];
    state[step->past + m] = token;
    x[m] = w[token];
  }
}
static void logits(const float* x, const u32* state, float* y, u32 past, int m, int vocab) {
  u32 sum = (u32)x[m];
  for (u32 i = 0; i <= past + m; i++) sum += state[i];
  for (int v = 0; v < vocab; v++) { float d = (float)v - (float)(sum % vocab); y[v] = d > 0 ? -d : d; }
}
EXPORT(last)(const float* x, const u32* state, float* y, const u32* none, const Step* step, int vocab, int begin, int end) {
  if (none) __builtin_trap();
  logits(x, state, y, step->past, step->seq - 1, vocab);
}
EXPORT(all)(const float* x, const u32* state, float* y, const u32* none, const Step* step, int vocab, int begin, int end) {
  if (none) __builtin_trap();
  for (int m = begin; m < end; m++) logits(x, state, y + m * vocab, step->past, m, vocab);
}
EXPORT(draw)(const float* y, u32* tokens, const Step* step, int vocab, int begin, int end) {
  int best = 0;
  for (int v = 1; v < vocab; v++) if (y[v] > y[best]) best = v;
  if (step->temperature > 0) best = (best + step->seed) % vocab;
  if (step->sample) tokens[step->past + step->seq] = best;
}
`

/** The C above, compiled: three seconds that every test would take. A test holds it against the source. */
const MODULE = [
  'AGFzbQEAAAABHwNgB39/f39/f38AYAh/f39/f39/fwBgBn9/f39/fwACDwEDZW52Bm1lbW9yeQIAAQMFBAABAQIEBQFwAQEBBg8C',
  'fwFBgIAEC38AQYCABAsHKgUEdGFrZQAABGxhc3QAAQNhbGwAAgRkcmF3AAMLX19oZWFwX2Jhc2UDAQqACwThAQECfwJAIAYgBUwN',
  'ACAFQQFqIQcCQCAGIAVrQQFxRQ0AIAIgBCgCBCAFakECdCIIaiAAIAhqKAIAIgg2AgAgAyAFQQJ0aiABIAhBAnRqKgIAOAIAIAch',
  'BQsgBiAHRg0AIAMgBUECdGohAwNAIAIgBSAEKAIEakECdCIHaiAAIAdqKAIAIgc2AgAgAyABIAdBAnRqKgIAOAIAIAIgBSAEKAIE',
  'akECdEEEaiIHaiAAIAdqKAIAIgc2AgAgA0EEaiABIAdBAnRqKgIAOAIAIANBCGohAyAGIAVBAmoiBUcNAAsLC+sCAgJ/An0CQCAD',
  'DQAgBCgCBCAEKAIAIgNqIgRBA3EhCCAAIANBAnRqQXxqKgIA/AEhA0EAIQACQAJAIARBf2pBA0kNACAEQXxxIQlBACEAIAEhBANA',
  'IARBDGooAgAgBEEIaigCACAEQQRqKAIAIAQoAgAgA2pqamohAyAEQRBqIQQgCSAAQQRqIgBHDQALIAhFDQELIAEgAEECdGohBANA',
  'IAQoAgAgA2ohAyAEQQRqIQQgCEF/aiIIDQALCwJAIAVBAUgNACADIAVwsyEKQQAhBAJAIAVBAUYNACAFQQFxIQAgBUH+////B3Eh',
  'CEEAIQQgAiEDA0AgAyAEsyAKkyILjCALIAtDAAAAAF4bOAIAIANBBGogBEEBarMgCpMiC4wgCyALQwAAAABeGzgCACADQQhqIQMg',
  'BEECaiIEIAhHDQALIABFDQELIAIgBEECdGogBLMgCpMiC4wgCyALQwAAAABeGzgCAAsPCwAL2QMCDH8CfQJAIAMNAAJAIAYgB04N',
  'ACAFQQJ0IQggBUH+////B3EhCSAFQQFxIQogAiAGIAVsQQJ0aiELQQAhDCAEKAIEIAZqIg1BAWoiDiEPIA4hEANAIAAgBkECdGoq',
  'AgD8ASEEAkACQAJAIA1BA08NAEEAIREMAQsgEEF8cSESIA4gDGpBA3EhE0EAIREgASEDA0AgA0EMaigCACADQQhqKAIAIANBBGoo',
  'AgAgAygCACAEampqaiEEIANBEGohAyASIBFBBGoiEUcNAAsgE0UNAQsgD0EDcSESIAEgEUECdGohAwNAIAMoAgAgBGohBCADQQRq',
  'IQMgEkF/aiISDQALCwJAIAVBAUgNACAEIAVwsyEUQQAhAwJAIAVBAUYNAEEAIQMgCyEEA0AgBCADsyAUkyIVjCAVIBVDAAAAAF4b',
  'OAIAIARBBGogA0EBarMgFJMiFYwgFSAVQwAAAABeGzgCACAEQQhqIQQgA0ECaiIDIAlHDQALIApFDQELIAIgBiAFbEECdGogA0EC',
  'dGogA7MgFJMiFYwgFSAVQwAAAABeGzgCAAsgDUEBaiENIAsgCGohCyAPQQFqIQ8gEEEBaiEQIAxBAWohDCAGQQFqIgYgB0cNAAsL',
  'DwsAC9ICAQZ/QQAhBgJAIANBAkgNACADQX9qIgdBA3EhCEEAIQZBASEJAkAgA0F+akEDSQ0AIABBEGohCiAHQXxxIQtBACEGQQEh',
  'CQNAIAlBA2oiByAJQQJqIAlBAWogCSAGIApBdGoqAgAgACAGQQJ0aioCAF4bIgYgCkF4aioCACAAIAZBAnRqKgIAXhsiBiAKQXxq',
  'KgIAIAAgBkECdGoqAgBeGyIGIAoqAgAgACAGQQJ0aioCAF4bIQYgCUEEaiEJIApBEGohCiAHIAtHDQALIAhFDQELIAAgCUECdGoh',
  'CgNAIAkgBiAKKgIAIAAgBkECdGoqAgBeGyEGIApBBGohCiAJQQFqIQkgCEF/aiIIDQALCwJAIAIqAhRDAAAAAF5FDQAgAigCCCAG',
  'aiADcCEGCwJAIAIoAhhFDQAgASACKAIEQQJ0aiACKAIAQQJ0aiAGNgIACws=',
].join('')

export const tinyModule = Uint8Array.from(Buffer.from(MODULE, 'base64'))

export async function compileTinyModule(): Promise<Uint8Array> {
  const { commands } = await import('@yowasp/clang')
  const flags = ['--target=wasm32', '-O2', '-ffreestanding', '-nostdlib', '-Wl,--no-entry', '-Wl,--strip-all']
  const link = ['-Wl,--import-memory', '-Wl,--export=__heap_base']
  const args = [...flags, ...link, 'tiny.c', '-o', 'tiny.wasm']
  const out = await commands.clang(args, { 'tiny.c': C }, { fetchProgress: () => {} })
  return (out as Record<string, Uint8Array>)['tiny.wasm']!
}

const BUFFERS = { weights: 0, state: 1, arena: 2, tokens: 3, step: 4 }
const R = {
  w: [BUFFERS.weights, 0, VOCAB * 4],
  state: [BUFFERS.state, 0, CONTEXT * 4],
  tokens: [BUFFERS.tokens, 0, (CONTEXT + 1) * 4],
  step: [BUFFERS.step, 0, 32],
  x: [BUFFERS.arena, 0, MAX_SEQ * 4],
  y: [BUFFERS.arena, 256, VOCAB * 4],
  ys: [BUFFERS.arena, 256, MAX_SEQ * VOCAB * 4],
} satisfies Record<string, Region>

function program(kind: 'prefill' | 'decode' | 'forward', backend: Variant['backend']): Program {
  const maxSeq = kind === 'decode' ? 1 : MAX_SEQ
  const wasm = backend === 'wasm'
  const y = kind === 'forward' ? R.ys : R.y
  const none = wasm ? [null] : []
  const vocab = wasm ? { args: [VOCAB] } : {}
  const all = kind === 'forward'
  return {
    maxSeq,
    context: CONTEXT,
    arena: 256 + y[2],
    inputs: [{ name: 'input_ids', dtype: 'u32', shape: ['seq'], region: R.tokens }],
    outputs: all ? [{ name: 'logits', dtype: 'f32', shape: ['seq', VOCAB], region: y }] : [],
    dispatches: [
      { kernel: 0, bind: [R.tokens, R.w, R.state, R.x, R.step], grid: ['seq'], label: 'take' },
      // Never any: must be skipped.
      { kernel: 0, bind: [R.tokens, R.w, R.state, R.x, R.step], grid: [['-', 'seq', 'seq']], label: 'none' },
      {
        ...{ kernel: all ? 2 : 1, bind: [R.x, R.state, y, ...none, R.step] },
        ...{ grid: [all ? 'seq' : 1] as const, ...vocab, label: 'logits' },
      },
      ...(all
        ? []
        : [{ kernel: 3, bind: [R.y, R.tokens, R.step], grid: [1] as [number], ...vocab, label: 'draw' }]),
    ],
  }
}

const BINDINGS: Record<string, NonNullable<Kernel['bindings']>> = {
  take: [
    [0, 'w'],
    [1, 'r'],
    [2, 'w'],
    [3, 'w'],
    [15, 'u'],
  ],
  last: [
    [0, 'w'],
    [1, 'w'],
    [2, 'w'],
    [15, 'u'],
  ],
  all: [
    [0, 'w'],
    [1, 'w'],
    [2, 'w'],
    [15, 'u'],
  ],
  draw: [
    [0, 'w'],
    [1, 'w'],
    [15, 'u'],
  ],
}

export interface Bundle {
  manifest: Manifest
  plans: { webgpu: Plan; wasm: Plan }
  /** Every file but manifest.json. */
  files: Map<string, Uint8Array>
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

export const fileInfo = (bytes: Uint8Array): FileInfo => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

export async function tinyBundle(model: Partial<Manifest['model']> = {}): Promise<Bundle> {
  const w = new Uint8Array(Float32Array.from({ length: VOCAB }, (_, t) => 3 * t + 1).buffer)
  const cut = 32
  const plan = (backend: Variant['backend']): Plan => ({
    buffers: [
      { kind: 'weights', bytes: VOCAB * 4 },
      { kind: 'state', bytes: CONTEXT * 4 },
      { kind: 'arena', bytes: 0 },
      { kind: 'tokens', bytes: (CONTEXT + 1) * 4 },
      { kind: 'step', bytes: 32 },
    ],
    shards: [
      { file: 'weights-0.bin', buffer: 0, offset: 0, bytes: cut },
      { file: 'weights-1.bin', buffer: 0, offset: cut, bytes: w.length - cut },
    ],
    kernels: Object.entries(BINDINGS).map(([name, bindings]) => ({
      name,
      ...(backend === 'webgpu' ? { bindings } : {}),
    })),
    programs: {
      prefill: program('prefill', backend),
      decode: program('decode', backend),
      forward: program('forward', backend),
    },
  })
  const plans = { webgpu: plan('webgpu'), wasm: plan('wasm') }
  const wgsl = Object.entries(WGSL).map(([name, text]) => `//# ${name}\n${text}`)
  const files = new Map([
    ['plan-gpu.json', json(plans.webgpu)],
    ['plan-cpu.json', json(plans.wasm)],
    ['code.wgsl', new TextEncoder().encode(wgsl.join(''))],
    ['code.wasm', tinyModule],
    ['weights-0.bin', w.slice(0, cut)],
    ['weights-1.bin', w.slice(cut)],
  ])
  const manifest: Manifest = {
    format: 1,
    wgc: '0.0.0',
    model: {
      ...{ family: 'toy', name: 'tiny', parameters: VOCAB, vocab: VOCAB, context: CONTEXT },
      ...{ eos: [], weights: 'f32', ...model },
    },
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, fileInfo(bytes)])),
    targets: { any: ['gpu', 'cpu'] },
    variants: {
      gpu: {
        ...{ backend: 'webgpu', features: [], limits: { maxStorageBuffersPerShaderStage: 8 } },
        ...{ plan: 'plan-gpu.json', code: 'code.wgsl', memory: 4096 },
      },
      cpu: {
        backend: 'wasm',
        features: [],
        limits: {},
        plan: 'plan-cpu.json',
        code: 'code.wasm',
        memory: 4096,
        ...{ kv: 'f32', chunk: MAX_SEQ },
        smaller: [
          {
            ...{ plan: 'plan-cpu.json', code: 'code.wasm', limits: {}, memory: 4000 },
            ...{ context: CONTEXT - 1, kv: 'f32', chunk: MAX_SEQ },
          },
        ],
      },
    },
  }
  return { manifest, plans, files }
}

/** Puts a file in, and its size and hash into the manifest. */
export function putFile(bundle: Bundle, name: string, content: Uint8Array | object): void {
  const bytes = content instanceof Uint8Array ? content : json(content)
  bundle.files.set(name, bytes)
  bundle.manifest.files[name] = fileInfo(bytes)
}

/** Serves a bundle in streams of small, odd pieces. `pause`: milliseconds before each piece. */
export function memorySource(
  bundle: { manifest: unknown; files: Map<string, Uint8Array> },
  pause = 0,
): Source {
  return {
    async read(name, { signal }) {
      const bytes = name === 'manifest.json' ? json(bundle.manifest) : bundle.files.get(name)
      if (!bytes) throw new Error(`no file ${name}`)
      let at = 0
      return new ReadableStream({
        async pull(controller) {
          if (pause) await new Promise((resolve) => setTimeout(resolve, pause))
          if (signal?.aborted) return controller.error(signal.reason)
          if (at >= bytes.length) return controller.close()
          const size = name.startsWith('weights') ? 7 : 4099
          controller.enqueue(bytes.slice(at, at + size))
          at += size
        },
      })
    },
  }
}
