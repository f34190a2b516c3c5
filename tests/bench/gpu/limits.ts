/** What a device can do at most: bytes read a second, a dispatch that waits for the one before, multiply-adds. */
import { clockOf, median } from '../../../compiler/tune/clock.js'
import { storage } from '../../../compiler/tune/operands.js'
import type { Runnable } from '../../../compiler/tune/runnable.js'

export interface Limits {
  /** TB/s. */
  read: number
  /** µs. */
  dispatch: number
  /** TFLOP/s of floats; of halves and of matrices of them, where the device has them. */
  floats: number
  halves?: number
  matrices?: number
}

const READ = `
@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let lanes = groups.x * 256u;
  var sum = vec4<f32>();
  for (var i = 0u; i < 16u; i++) {
    sum += x[i * lanes + id.x];
  }
  // Never true, but the compiler can't know.
  if (sum.x + sum.y + sum.z + sum.w == 1.2345e30) {
    y[0] = 1.0;
  }
}`

const CHAIN = `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  y[id.x] += x[id.x];
}`

const TURNS = 512
const CHAINS = 8

/** Independent chains of vec4 multiply-adds. */
const multiply = (type: 'f32' | 'f16') => `${type === 'f16' ? 'enable f16;' : ''}
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = vec4<${type}>(${type}(x[id.x % 64u]));
  var sums: array<vec4<${type}>, ${CHAINS}>;
  for (var i = 0u; i < ${TURNS}u; i++) {
    ${Array.from({ length: CHAINS }, (_, c) => `sums[${c}] = fma(sums[${c}], a, a);`).join('\n    ')}
  }
  var all = vec4<${type}>();
  ${Array.from({ length: CHAINS }, (_, c) => `all += sums[${c}];`).join('\n  ')}
  if (f32(all.x + all.y + all.z + all.w) == 1.2345e30) {
    y[0] = 1.0;
  }
}`

/** Subgroups of 32 that multiply 16 x 16 x 16. */
const MATRICES = `enable f16;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> tile: array<f16, 256>;
var<workgroup> results: array<f32, 1024>;
@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) lane: u32) {
  tile[lane] = f16(x[lane]);
  workgroupBarrier();
  let a = subgroupMatrixLoad<Left, row_major>(&tile, 0u, 16u);
  let b = subgroupMatrixLoad<Right, col_major>(&tile, 0u, 16u);
  ${Array.from({ length: CHAINS }, (_, c) => `var sum${c}: Sum;`).join('\n  ')}
  for (var i = 0u; i < ${TURNS}u; i++) {
    ${Array.from({ length: CHAINS }, (_, c) => `sum${c} = subgroupMatrixMultiplyAccumulate(a, b, sum${c});`).join('\n    ')}
  }
  ${Array.from({ length: CHAINS }, (_, c) => `subgroupMatrixStore<row_major>(&results, lane / 32u * 256u, sum${c}, 16u);\n  workgroupBarrier();\n  if (results[lane] == 1.2345e30) {\n    y[0] = 1.0;\n  }`).join('\n  ')}
}`

/** Milliseconds of one dispatch, the least of several rounds. */
async function time(
  device: GPUDevice,
  code: string,
  groups: number,
  x: GPUBuffer,
  y: GPUBuffer,
  turns: number,
): Promise<number> {
  const layout = device.createBindGroupLayout({
    entries: [0, 1].map((binding) => ({ binding, visibility: 4, buffer: { type: 'storage' as const } })),
  })
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  })
  const group = device.createBindGroup({
    layout,
    entries: [x, y].map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  const run: Runnable = { stages: [{ pipeline, groups: [group], grid: [groups, 1, 1] }], destroy: () => {} }
  const clock = clockOf(device)
  const times: number[] = []
  for (let i = 0; i < 6; i++) times.push((await clock.round([run], [turns]))[0]!)
  return median(times.slice(1))
}

/** Measures them. `scale` below 1 for devices that take long. */
export async function limitsOf(device: GPUDevice, features: string[], scale = 1): Promise<Limits> {
  const bytes = Math.max(Math.floor(scale * 1024) * 2 ** 20, 16 * 65536)
  const x = storage(device, bytes)
  const y = storage(device, 4096)
  const readGroups = Math.floor(bytes / (16 * 16 * 256))
  const groups = Math.max(Math.floor(scale * 8192), 64)
  const read = await time(device, READ, Math.min(readGroups, 65535), x, y, 4)
  const flops = 2 * 4 * CHAINS * TURNS * 256 * groups
  const limits: Limits = {
    read: (Math.min(readGroups, 65535) * 16 * 16 * 256) / read / 1e9,
    dispatch: 1000 * (await time(device, CHAIN, 1, x, y, 500)),
    floats: flops / (await time(device, multiply('f32'), groups, x, y, 2)) / 1e9,
  }
  if (features.includes('shader-f16'))
    limits.halves = flops / (await time(device, multiply('f16'), groups, x, y, 2)) / 1e9
  if (features.includes('chromium-experimental-subgroup-matrix')) {
    const matrix = 2 * 16 ** 3 * CHAINS * TURNS * 4 * groups
    limits.matrices = matrix / (await time(device, MATRICES, groups, x, y, 2)) / 1e9
  }
  x.destroy()
  y.destroy()
  return limits
}
