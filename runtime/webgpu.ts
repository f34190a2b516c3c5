/**
 * Replays a plan on WebGPU: one compute pass a step, pipelines and bind groups made once. A decode step
 * makes an encoder, a pass and a command buffer, and nothing else.
 */
import { guard } from './device.js'
import { checkAbort, IntegrityError, OutOfMemoryError, UnsupportedError } from './errors.js'
import { buffersOf, type Executor, fixedSizes, packStep, type SendStep, at as valueAt } from './executor.js'
import { constant, type Expr } from './expr.js'
import {
  type BindingKind,
  type Kernel,
  type Plan,
  type Region,
  STEP_BYTES,
  type Wait,
  WGSL_MODULE_MARK,
} from './format.js'

// Flags by value: Node has no GPUBufferUsage.
const MAP_READ = 1
const COPY_SRC = 4
const COPY_DST = 8
const UNIFORM = 64
const STORAGE = 128
const COMPUTE = 4

const BINDING: Record<BindingKind, GPUBufferBindingType> = {
  r: 'read-only-storage',
  w: 'storage',
  u: 'uniform',
}

/** Bytes a `writeBuffer` of weights should have at least. */
const WRITE_BYTES = 1 << 20
/** A staging buffer is at least that long, so that all token reads share a few. */
const STAGING_BYTES = 256

/** A program made ready: its dispatches, flat. */
interface Replay {
  /** By buffer of the plan. */
  buffers: (GPUBuffer | undefined)[]
  pipelines: GPUComputePipeline[]
  groups: GPUBindGroup[]
  /** Workgroups in x, y, z of each dispatch. */
  grid: Float64Array
  /** Entries of `grid` that change from step to step. */
  moving: [at: number, e: Expr][]
}

export interface WebGPUOptions {
  device: GPUDevice
  plan: Plan
  /** The `.wgsl` file. */
  code: string
  /** A pending map is only noticed when something is submitted (see `Capabilities`). */
  nudge: boolean
  wait?: Wait | undefined
  /** Unless given, steps go out whole. */
  sendStep?: SendStep | undefined
}

/**
 * Makes every buffer of the plan but the arenas. Owns the device from here on: everything that hangs on the
 * device is made by this function, so a lost one is replaced by calling it again.
 */
export async function createWebGPU(options: WebGPUOptions): Promise<Executor> {
  const { device, plan, code, nudge, wait: { everyMs, dispatches: most } = {}, sendStep = whole } = options
  const { queue } = device
  const { check, make, wait, told, lost, destroy } = guard(device, nudge, everyMs)
  const sources = modules(code)
  const programs = new Map<string, Promise<void>>()
  const replays = new Map<string, Replay>()
  const layouts = new Map<string, [GPUBindGroupLayout, GPUPipelineLayout]>()
  const shaders = new Map<string, GPUShaderModule>()
  const pipelines = new Map<Kernel, Promise<GPUComputePipeline>>()
  const groups = new Map<string, GPUBindGroup>()
  const arenas: GPUBuffer[] = []
  const stagings: GPUBuffer[] = []
  const stepBytes = new Uint8Array(STEP_BYTES)
  const stepView = new DataView(stepBytes.buffer)

  const storage = (bytes: number, more = 0) =>
    device.createBuffer({ size: Math.max(bytes, 16), usage: STORAGE | COPY_SRC | COPY_DST | more })
  const used = buffersOf(plan)
  const fixed = await make(() =>
    plan.buffers.map(({ kind, bytes }, i) => {
      if (kind === 'arena' || !used.has(i)) return undefined
      return storage(bytes, kind === 'step' || kind === 'sizes' ? UNIFORM : 0)
    }),
  )
  const stepBuffer = fixed[plan.buffers.findIndex((b) => b.kind === 'step')]
  const sizesBuffer = fixed[plan.buffers.findIndex((b) => b.kind === 'sizes')]

  const layoutOf = ({ bindings = [] }: Kernel): [GPUBindGroupLayout, GPUPipelineLayout] =>
    memo(layouts, JSON.stringify(bindings), () => {
      const group = device.createBindGroupLayout({
        entries: bindings.map(([binding, kind]) => ({
          ...{ binding, visibility: COMPUTE, buffer: { type: BINDING[kind] } },
        })),
      })
      return [group, device.createPipelineLayout({ bindGroupLayouts: [group] })]
    })

  const pipelineOf = (kernel: Kernel) =>
    memo(pipelines, kernel, async () => {
      const text = sources.get(kernel.name)
      if (text === undefined) throw new IntegrityError(`the code file has no module ${kernel.name}`)
      try {
        const [module, layout] = await make(() => {
          const shader = () => device.createShaderModule({ code: text, label: kernel.name })
          return [memo(shaders, text, shader), layoutOf(kernel)[1]] as const
        })
        return await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } })
      } catch (e) {
        await told()
        check()
        if (e instanceof OutOfMemoryError) throw e
        throw new UnsupportedError(`kernel ${kernel.name} was refused: ${(e as Error).message}`, [], e)
      }
    })

  const groupOf = (kernel: Kernel, bind: Region[], buffers: Replay['buffers'], arena: number) =>
    memo(groups, JSON.stringify([arena, kernel.bindings, bind]), () =>
      device.createBindGroup({
        layout: layoutOf(kernel)[0],
        entries: bind.map(([buffer, offset, size], i) => ({
          binding: kernel.bindings![i]![0],
          resource: { buffer: buffers[buffer]!, offset, size },
        })),
      }),
    )

  /** An arena is scratch of one step, so programs share one that is long enough. Returns its index. */
  function arenaOf(size: number): number {
    const found = arenas.findIndex((a) => a.size >= size)
    return found >= 0 ? found : arenas.push(storage(size)) - 1
  }

  async function prepareOne(name: string, compiled: () => void): Promise<void> {
    const program = plan.programs[name]!
    const { dispatches } = program
    const kernels = dispatches.map((d) => plan.kernels[d.kernel]!)
    const waiting = Promise.all(
      kernels.map(async (kernel) => {
        const pipeline = await pipelineOf(kernel)
        compiled()
        return pipeline
      }),
    )
    // Awaited below; until then a failure of `make` may come first.
    waiting.catch(() => {})
    const made = await make(() => {
      const arena = arenaOf(program.arena)
      const buffers = fixed.map((b) => b ?? arenas[arena])
      return {
        buffers,
        groups: dispatches.map((d, i) => groupOf(kernels[i]!, d.bind as Region[], buffers, arena)),
      }
    })
    const grid = new Float64Array(dispatches.length * 3).fill(1)
    const moving: Replay['moving'] = []
    const sizes = fixedSizes(program)
    dispatches.forEach((d, i) => {
      d.grid.forEach((e, axis) => {
        const n = constant(e, sizes)
        if (n === undefined) moving.push([i * 3 + axis, e])
        else grid[i * 3 + axis] = n
      })
    })
    replays.set(name, { ...made, pipelines: await waiting, grid, moving })
  }

  function stagingOf(bytes: number): GPUBuffer {
    const at = stagings.findIndex((s) => s.size >= bytes)
    if (at >= 0) return stagings.splice(at, 1)[0]!
    return device.createBuffer({ size: Math.max(bytes, STAGING_BYTES), usage: MAP_READ | COPY_DST })
  }

  async function readBack(staging: GPUBuffer, bytes: number): Promise<Uint8Array> {
    const map = async () => {
      await staging.mapAsync(MAP_READ, 0, bytes)
      return new Uint8Array(staging.getMappedRange(0, bytes).slice(0))
    }
    const copy = await wait(map())
    staging.unmap()
    stagings.push(staging)
    return copy
  }

  return {
    ahead: 4,
    lost,
    destroy,

    place(buffer, offset, bytes, stage) {
      const staged = stage(bytes)
      // A damaged plan may have weights that nothing binds.
      const to = fixed[buffer]
      let sent = 0
      return {
        bytes: staged,
        arrived(upTo) {
          const whole = upTo - (upTo % 4)
          if (whole - sent < WRITE_BYTES && upTo < bytes) return
          if (to) queue.writeBuffer(to, offset + sent, staged as BufferSource, sent, whole - sent)
          sent = whole
        },
        settled() {
          queue.submit([])
          return wait(queue.onSubmittedWorkDone())
        },
      }
    },

    async prepare(names, onProgress) {
      const fresh = names.filter((name) => !programs.has(name))
      let done = 0
      const total = fresh.reduce((n, name) => n + plan.programs[name]!.dispatches.length, 0)
      const compiled = () => onProgress?.(++done, total)
      // The largest arena first: the others share it.
      fresh.sort((a, b) => plan.programs[b]!.arena - plan.programs[a]!.arena)
      for (const name of fresh) programs.set(name, prepareOne(name, compiled))
      await Promise.all(names.map((name) => programs.get(name)))
    },

    write(program, buffer, offset, bytes) {
      check()
      queue.writeBuffer(replays.get(program)!.buffers[buffer]!, offset, bytes as BufferSource)
    },

    async run(program, step, wanted, signal) {
      check()
      const { buffers, pipelines, groups, grid, moving } = replays.get(program)!
      let reads: [GPUBuffer, number][] = []
      return sendStep(program, {
        begin() {
          check()
          if (stepBuffer) {
            packStep(stepView, 0, step)
            queue.writeBuffer(stepBuffer, 0, stepBytes)
          }
          for (const { offset, values } of plan.programs[program]!.sizes ?? [])
            queue.writeBuffer(
              sizesBuffer!,
              offset,
              Uint32Array.from(values, (e) => valueAt(e, step)),
            )
          for (const [at, e] of moving) grid[at] = valueAt(e, step)
          return grid
        },

        send(from, to) {
          check()
          checkAbort(signal)
          let encoder = device.createCommandEncoder()
          let pass = encoder.beginComputePass()
          let current: GPUComputePipeline | undefined
          for (let i = from; i < to; i++) {
            if (i > from && most && (i - from) % most === 0) {
              pass.end()
              queue.submit([encoder.finish()])
              encoder = device.createCommandEncoder()
              pass = encoder.beginComputePass()
              current = undefined
            }
            const x = grid[i * 3]!
            const y = grid[i * 3 + 1]!
            const z = grid[i * 3 + 2]!
            // Not `=== 0`: a malformed plan may give less than nothing.
            if (!(x > 0 && y > 0 && z > 0)) continue
            if (Math.max(x, y, z) > 0xffffffff)
              throw new IntegrityError(`dispatch ${i} of ${program} is endless`)
            const pipeline = pipelines[i]!
            if (pipeline !== current) pass.setPipeline(pipeline)
            current = pipeline
            pass.setBindGroup(0, groups[i]!)
            // Every argument costs in Node.
            if (y * z > 1) pass.dispatchWorkgroups(x, y, z)
            else pass.dispatchWorkgroups(x)
          }
          pass.end()
          if (to === pipelines.length)
            reads = wanted.map(([buffer, offset, bytes]) => {
              const staging = stagingOf(bytes)
              encoder.copyBufferToBuffer(buffers[buffer]!, offset, staging, 0, bytes)
              return [staging, bytes]
            })
          queue.submit([encoder.finish()])
        },

        done: () => wait(queue.onSubmittedWorkDone()),
        read: () => Promise.all(reads.map(([staging, bytes]) => readBack(staging, bytes))),
      })
    },

    inside: (program) => ({ device, wait, ...replays.get(program) }),

    reset() {
      const encoder = device.createCommandEncoder()
      plan.buffers.forEach((b, i) => {
        if (b.kind === 'state') encoder.clearBuffer(fixed[i]!)
      })
      queue.submit([encoder.finish()])
    },
  }
}

const whole: SendStep = (_, { begin, send, read }) => {
  send(0, begin().length / 3)
  return read()
}

function memo<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  if (!map.has(key)) map.set(key, make())
  return map.get(key)!
}

/** Module name to WGSL. */
function modules(code: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const part of `\n${code}`.split(`\n${WGSL_MODULE_MARK}`).slice(1)) {
    const end = part.indexOf('\n')
    found.set(part.slice(0, end).trim(), part.slice(end + 1))
  }
  return found
}
