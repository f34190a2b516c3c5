/**
 * The plan of one variant: lowered programs, with every operand given its place in a buffer. Buffers are the
 * step uniform, the tokens, the arena, then weights, then states.
 */
import type { Expr } from '../../runtime/expr.js'
import type { BufferSpec, Dispatch, Plan, Port, Program, Region } from '../../runtime/format.js'
import { STEP_BYTES } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { kvBytes } from '../formats/kv.js'
import { type DType, type Graph, limitsOf, type Tensor } from '../ir/graph.js'
import { elements, largest } from '../ir/size.js'
import type { ProgramSpec } from '../models/types.js'
import { byteRowBytes, quantizedRowBytes } from '../ops/quantize_rows.js'
import { ALIGNMENT, type Arena, align, planMemory } from '../passes/memory.js'
import type { CompiledKernel, KernelStore } from '../select/kernels.js'
import type { Lowered, Step } from '../select/lower.js'
import { grainOf } from './grain.js'
import type { WeightSet } from './shards-write.js'

const STEP = 0
const TOKENS = 1
const ARENA = 2
const SIZES = 3
/** Of a list of sizes. */
const SIZES_BYTES = ALIGNMENT
/** Weight buffers follow those four. */
export const FIRST_WEIGHTS = 4

/** A weight is stored once for each layout that some kernel reads it in. */
export const weightKey = (tensor: string, layout: string): string => `${tensor}@${layout}`

/** The layout in which a step's template reads a weight port. */
export const layoutOf = (step: Step, port: string): string =>
  step.choice.template.front.layouts[port] ?? 'rows'

/** Bytes of a row of an activation, state or input. */
export function rowBytes(dtype: DType, columns: number): number {
  if (dtype === 'u32') return columns * 4
  if (dtype === 'i8x4') return byteRowBytes(columns)
  return dtype === 'i8x32' ? quantizedRowBytes(columns) : kvBytes(dtype, columns)
}

/** Bytes of an activation, state or input at the largest step; a multiple of 16, so that it can be viewed as vec4s. */
export function tensorBytes(t: Tensor, graph: Graph): number {
  const limits = limitsOf(graph)
  const count = largest(elements(t.shape), limits)
  const columns = largest(t.shape.at(-1) ?? 1, limits)
  return Math.ceil(((count / columns) * rowBytes(t.dtype, columns)) / 16) * 16
}

interface Layout {
  buffers: BufferSpec[]
  states: Map<string, Region>
}

/** Puts states into buffers: none is cut, no buffer is larger than a device must allow. */
function placeStates(programs: Lowered[], first: number, maxBuffer: number): Layout {
  const buffers: BufferSpec[] = []
  const states = new Map<string, Region>()
  // Programs may see a state at sizes of their own.
  const sizes = new Map<string, number>()
  for (const { graph } of programs)
    for (const t of graph.tensors.values())
      if (t.kind === 'state') sizes.set(t.name, Math.max(sizes.get(t.name) ?? 0, tensorBytes(t, graph)))
  for (const [name, bytes] of sizes) {
    let last = buffers.at(-1)
    if (!last || last.bytes + bytes > maxBuffer) {
      last = { kind: 'state', bytes: 0 }
      buffers.push(last)
    }
    states.set(name, [first + buffers.length - 1, last.bytes, bytes])
    last.bytes = align(last.bytes + bytes)
  }
  return { buffers, states }
}

/** Region of each operand of a step by name; `w_scale` is the scale region of the weight at `w`. */
function operandRegion(step: Step, graph: Graph, name: string, at: Places): Region | null {
  if (name === 'step') return [STEP, 0, STEP_BYTES]
  const port = name.replace(/_scale$/, '')
  const t = graph.tensors.get(step.node.outputs[port] ?? step.node.inputs[port] ?? '')
  if (!t) return null
  if (t.kind === 'weight' || t.kind === 'const') {
    const place = at.weights.regions.get(
      t.kind === 'const' ? t.name : weightKey(t.name, layoutOf(step, port)),
    )
    const region = port === name ? place?.data : place?.scale
    return region ? [region[0] + FIRST_WEIGHTS, region[1], region[2]] : null
  }
  if (t.kind === 'tokens') return [TOKENS, 0, tensorBytes(t, graph)]
  if (t.kind === 'state') return at.states.get(t.name) ?? null
  const place = at.arena.placements.get(t.name)
  if (!place) return null
  // A piece of a cut weight writes, and adds, its own columns.
  const skip = ['y', 'r'].includes(port) ? Number(step.node.attrs.Y0 ?? 0) * 4 : 0
  return [ARENA, place.offset + skip, place.bytes - skip]
}

interface Places {
  weights: WeightSet
  states: Map<string, Region>
  arena: Arena
  sizes: SizeTable
}

/**
 * The uniforms that hold sizes a step brings: each list of them once in a program, at an offset of its own. All are
 * bound at one size: where kernels share a layout, wgpu asks of each what the one before it needed.
 */
interface SizeTable {
  place(values: Expr[]): Region
  /** Of the program at hand; starts the next one's. */
  take(): NonNullable<Program['sizes']>
  bytes(): number
}

function sizeTable(): SizeTable {
  let end = 0
  let lists = new Map<string, { offset: number; values: Expr[] }>()
  return {
    place(values) {
      if (4 * values.length > SIZES_BYTES) fail('WGC901', [`${values.length} sizes of one kernel`])
      const key = JSON.stringify(values)
      const at = lists.get(key) ?? { offset: end, values }
      if (!lists.has(key)) end += SIZES_BYTES
      lists.set(key, at)
      return [SIZES, at.offset, SIZES_BYTES]
    },
    take() {
      const made = [...lists.values()]
      lists = new Map()
      return made
    },
    bytes: () => end,
  }
}

function dispatch(step: Step, graph: Graph, compiled: CompiledKernel, kernel: number, at: Places): Dispatch {
  const wgsl = compiled.kernel.bindings !== undefined
  const sizeOf = (name: string) => step.symbols[name] ?? Number(step.params[name])
  const bind = compiled.operands.map((name) =>
    name === 'sizes' && wgsl
      ? at.sizes.place(compiled.ints.map(sizeOf))
      : operandRegion(step, graph, name, at),
  )
  const missing = compiled.operands.find((_, i) => bind[i] === null && compiled.kernel.bindings)
  if (missing) fail('WGC901', [`${compiled.kernel.name}: nothing to bind to ${missing} of ${step.node.name}`])
  const unknown = (name: string) => fail('WGC901', [`${compiled.kernel.name}: size ${name} is not known`])
  // A size of operands that the node leaves out is 0, as their pointers are.
  const isLeftOut = (name: string) =>
    Object.values(step.op.ports).some((p) => p.when && p.shape.includes(name))
  const args = (wgsl ? [] : compiled.ints).map(
    (name) => step.symbols[name] ?? Number(step.params[name] ?? (isLeftOut(name) ? 0 : unknown(name))),
  )
  const label = `${step.node.op} ${step.node.name}`
  // Kernels without bindings are those of WebAssembly.
  const grain = compiled.kernel.bindings ? 1 : grainOf(step, graph)
  return {
    ...{ kernel, bind, grid: step.grid as Dispatch['grid'] },
    ...(args.length > 0 && { args }),
    ...(grain > 1 && { grain }),
    label,
  }
}

export interface PlanInput {
  programs: { spec: ProgramSpec; lowered: Lowered }[]
  weights: WeightSet
  kernels: KernelStore
  /** Largest buffer, bytes. */
  maxBuffer: number
}

export interface PlanOutput {
  plan: Plan
  kernels: CompiledKernel[]
  arenas: Map<string, Arena>
}

export function makePlan({ programs, weights, kernels, maxBuffer }: PlanInput): PlanOutput {
  const weightBuffers: BufferSpec[] = weights.buffers.map(({ bytes }) => ({ kind: 'weights', bytes }))
  const { buffers: stateBuffers, states } = placeStates(
    programs.map((p) => p.lowered),
    FIRST_WEIGHTS + weightBuffers.length,
    maxBuffer,
  )
  const index = new Map<string, number>()
  const used: CompiledKernel[] = []
  const arenas = new Map<string, Arena>()
  const sizes = sizeTable()
  const make = ({ spec, lowered }: PlanInput['programs'][number]): Program => {
    const { graph } = lowered
    const arena = planMemory(graph, (name) => tensorBytes(graph.tensors.get(name) as Tensor, graph))
    arenas.set(spec.name, arena)
    const dispatches = lowered.steps.map((step) => {
      const compiled = kernels.get(step)
      if (!index.has(compiled.kernel.name)) index.set(compiled.kernel.name, used.push(compiled) - 1)
      return dispatch(step, graph, compiled, index.get(compiled.kernel.name) ?? 0, {
        ...{ weights, states, arena, sizes },
      })
    })
    const moving = sizes.take()
    return {
      maxSeq: spec.maxSeq,
      ...(spec.context !== undefined && { context: spec.context }),
      ...(spec.limits && { limits: spec.limits }),
      arena: arena.bytes,
      ...ports(graph, spec, arena, states),
      ...(moving.length > 0 && { sizes: moving }),
      dispatches,
    }
  }
  const made = Object.fromEntries(programs.map((p) => [p.spec.name, make(p)]))
  const tokens = programs.flatMap(({ lowered: { graph } }) =>
    [...graph.tensors.values()].flatMap((t) => (t.kind === 'tokens' ? [tensorBytes(t, graph)] : [])),
  )
  const buffers: BufferSpec[] = [
    { kind: 'step', bytes: STEP_BYTES },
    { kind: 'tokens', bytes: Math.max(0, ...tokens) },
    { kind: 'arena', bytes: 0 },
    { kind: 'sizes', bytes: sizes.bytes() },
    ...weightBuffers,
    ...stateBuffers,
  ]
  const shards = weights.shards.map(({ file, buffer, offset, bytes }) => ({
    file,
    buffer: buffer + FIRST_WEIGHTS,
    offset,
    bytes,
  }))
  return {
    plan: { buffers, shards, kernels: used.map((k) => k.kernel), programs: made },
    kernels: used,
    arenas,
  }
}

/** What a program takes and gives, by the names callers use. */
function ports(
  graph: Graph,
  spec: ProgramSpec,
  arena: Arena,
  states: ReadonlyMap<string, Region>,
): { inputs: Port[]; outputs: Port[] } {
  const inputs: Port[] = []
  const outputs: Port[] = []
  for (const t of graph.tensors.values()) {
    const place = arena.placements.get(t.name)
    const name = t.alias ?? t.name
    const dtype = t.dtype === 'u32' ? 'u32' : 'f32'
    if (t.kind === 'tokens')
      inputs.push({ name, dtype, shape: [spec.seq], region: [TOKENS, 0, tensorBytes(t, graph)] })
    // An input that nothing reads has no place, and the caller need not give it.
    else if (t.kind === 'state' && t.alias !== undefined)
      inputs.push({ name, dtype, shape: t.shape, region: states.get(t.name)! })
    else if (t.kind === 'input' && place)
      inputs.push({ name, dtype, shape: t.shape, region: [ARENA, place.offset, place.bytes] })
    else if (t.kind === 'output' && place)
      outputs.push({ name, dtype, shape: t.view ?? t.shape, region: [ARENA, place.offset, place.bytes] })
  }
  return { inputs, outputs }
}
