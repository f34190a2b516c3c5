/**
 * Replays a plan on WebAssembly: one memory, buffers one after the other in it, a call for each dispatch. The calls are
 * made by a team of workers that share the memory, or, where there is none, by the calling thread.
 */
import {
  abortReason,
  checkAbort,
  destroyed,
  IntegrityError,
  OutOfMemoryError,
  UnsupportedError,
} from './errors.js'
import { buffersOf, type Executor, fixedSizes, packStep, type Step, at as valueAt } from './executor.js'
import { constant, type Expr } from './expr.js'
import type { Plan, Region } from './format.js'
import type { Team, WorkerFactory } from './wasm-team.js'

const PAGE = 65536
const MAX_PAGES = 65536
/** With addresses of 64 bits: all that the JavaScript interface allows. */
const MAX_PAGES_WIDE = 262144
const ALIGN = 256
/** Room for a module's own stack and constants, which lie below `__heap_base`. */
const OWN_BYTES = 1 << 24
/** A worker's stack, as large as the module's own: what a kernel's arrays fit in, as the compiler checks. */
const STACK_BYTES = 65536
/** Longest time, in ms, between two breaths of the page. */
const BREATH = 12

interface Call {
  kernel: (...args: (number | bigint)[]) => unknown
  /** Pointers, integers, begin, end: handed to the kernel as they stand. Pointers of 64 bits are bigints. */
  args: (number | bigint)[]
  /** Entries of `args` that change from step to step. */
  moving: [at: number, e: Expr][]
  symbol: string
  /** Fewest items that are worth a worker's while. */
  grain: number
  /** Items that the calling thread does without a breath: what was measured to last half of one's time. */
  piece: number
  label: string
}

/** Workers to call the kernels, of a module whose memory is shared. */
export interface Threads {
  count: number
  worker: WorkerFactory
}

/**
 * Instantiates the module and lays out its memory. Workers that don't start are done without: see `threads`.
 * `wide`: the module's addresses have 64 bits.
 */
export async function createWasm(
  plan: Plan,
  code: Uint8Array,
  threads?: Threads,
  wide = false,
): Promise<Executor> {
  const used = buffersOf(plan)
  const sizes = plan.buffers.map((b, i) =>
    b.kind === 'arena' || !used.has(i) ? 0 : Math.ceil(b.bytes / ALIGN) * ALIGN,
  )
  const fixedBytes = sizes.reduce((a, b) => a + b, OWN_BYTES + (threads?.count ?? 0) * STACK_BYTES)
  const arenas = Object.values(plan.programs).map((p) => p.arena)
  const largest = pages(fixedBytes + Math.max(0, ...arenas))
  const most = Math.min(largest, wide ? MAX_PAGES_WIDE : MAX_PAGES)
  const memory = memoryOf(pages(fixedBytes), most, !!threads, wide)
  const address = (n: number) => (wide ? BigInt(n) : n)
  const { module, imports, exports } = await instantiate(code, memory)

  const base = exports.__heap_base
  if (!(base instanceof WebAssembly.Global)) throw new IntegrityError('the module exports no __heap_base')
  let end = Math.ceil(Number(base.value) / ALIGN) * ALIGN
  const stacks = Array.from({ length: threads?.count ?? 0 }, () => {
    end += STACK_BYTES
    return end
  })
  const pointers = sizes.map((size) => {
    const at = end
    end += size
    return at
  })
  // Scratch lies last: a program with more of it makes the memory grow, and nothing moves.
  const arenaBase = end
  plan.buffers.forEach((b, i) => {
    if (b.kind === 'arena') pointers[i] = arenaBase
  })
  const stepIndex = plan.buffers.findIndex((b) => b.kind === 'step')
  const programs = new Map<string, Call[]>()
  let over: Error | undefined
  let lastBreath = performance.now()

  const bytesAt = (buffer: number, offset: number, bytes: number) =>
    new Uint8Array(memory.buffer, pointers[buffer]! + offset, bytes)

  function reach(bytes: number): void {
    const more = pages(bytes) - memory.buffer.byteLength / PAGE
    if (more <= 0) return
    try {
      memory.grow(address(more) as number)
    } catch (e) {
      throw new OutOfMemoryError(`WebAssembly has no room for ${bytes} bytes`, { cause: e })
    }
  }
  reach(end)

  function callsOf(name: string): Call[] {
    const program = plan.programs[name]!
    const known = fixedSizes(program)
    return program.dispatches.map((d) => {
      const { name: symbol } = plan.kernels[d.kernel]!
      const kernel = Object.hasOwn(exports, symbol) ? exports[symbol] : undefined
      if (typeof kernel !== 'function') throw new IntegrityError(`the module exports no function ${symbol}`)
      const moving: Call['moving'] = []
      const numbers = [...(d.args ?? []), 0, d.grid[0]].map((e, i) => {
        const n = constant(e, known)
        if (n === undefined) moving.push([d.bind.length + i, e])
        return n ?? 0
      })
      const args = [...d.bind.map((r) => address(r ? pointers[r[0]]! + r[1] : 0)), ...numbers]
      const { label, grain = 1 } = d
      return { kernel: kernel as Call['kernel'], args, moving, symbol, grain, piece: grain, label }
    })
  }

  let team: Team | undefined
  let why: string | undefined
  if (threads) {
    const programs = Object.fromEntries(Object.keys(plan.programs).map((name) => [name, callsOf(name)]))
    try {
      const { startTeam } = await import('./wasm-threads.js')
      const own = { worker: threads.worker, reason: abortReason }
      team = await startTeam({ ...own, module, imports, stacks, programs })
    } catch (e) {
      why = (e as Error).message
    }
  }

  async function runHere(program: string, step: Step, signal: AbortSignal | undefined): Promise<void> {
    for (const call of programs.get(program)!) {
      const { kernel, moving, label } = call
      // A copy: what is put into it must not outlast a step that was given up.
      const args = [...call.args]
      for (const [at, e] of moving) args[at] = valueAt(e, step)
      const [begin, end] = [args.length - 2, args.length - 1]
      const items = args[end] as number
      for (let from = 0; from < items; ) {
        const to = Math.min(from + call.piece, items)
        args[begin] = from
        args[end] = to
        const began = performance.now()
        try {
          kernel(...args)
        } catch (e) {
          over = new IntegrityError(`${label}: the module failed: ${(e as Error).message}`, { cause: e })
          throw over
        }
        // Not all at once upwards: few items tell little.
        const part = BREATH / 2 / (performance.now() - began)
        const next = Math.ceil((to - from) * Math.min(part, 8))
        call.piece = part < 1 ? next : Math.max(call.piece, next)
        from = to
        await breathe(signal)
      }
    }
  }

  /** Whether the team did the step. Where workers died, the step is done again, and all that follow, by `runHere`. */
  async function runThere(program: string, step: Step, signal: AbortSignal | undefined): Promise<boolean> {
    if (!team) return false
    checkAbort(signal)
    try {
      if (await team.run(program, step, signal)) return true
    } catch (e) {
      if (!signal?.aborted) over ??= new IntegrityError((e as Error).message, { cause: e })
      throw over ?? e
    }
    if (over) throw over
    team = undefined
    why = 'workers died'
    return false
  }

  async function breathe(signal: AbortSignal | undefined): Promise<void> {
    const now = performance.now()
    if (now - lastBreath < BREATH) return
    await macrotask()
    lastBreath = performance.now()
    if (over) throw over
    checkAbort(signal)
  }

  return {
    ahead: 1,
    lost: new Promise(() => {}),

    get threads() {
      return { count: team ? stacks.length : 0, why }
    },

    place(buffer, offset, length, stage) {
      if (!threads) return { bytes: bytesAt(buffer, offset, length) }
      // Hashes are not computed of shared memory.
      const bytes = stage(length)
      return { bytes, settled: async () => bytesAt(buffer, offset, length).set(bytes) }
    },

    async prepare(names, onProgress) {
      for (const [i, name] of names.entries()) {
        reach(arenaBase + plan.programs[name]!.arena)
        if (!programs.has(name)) programs.set(name, callsOf(name))
        onProgress?.(i + 1, names.length)
      }
    },

    write(_program, buffer, offset, bytes) {
      if (over) throw over
      bytesAt(buffer, offset, bytes.length).set(bytes)
    },

    async run(program, step: Step, wanted: readonly Region[], signal) {
      if (over) throw over
      if (stepIndex >= 0) packStep(new DataView(memory.buffer), pointers[stepIndex]!, step)
      if (!(await runThere(program, step, signal))) await runHere(program, step, signal)
      return wanted.map(([buffer, offset, bytes]) => bytesAt(buffer, offset, bytes).slice())
    },

    inside: (program) => ({ calls: programs.get(program)!, bytesAt }),

    reset() {
      plan.buffers.forEach((b, i) => {
        if (b.kind === 'state') bytesAt(i, 0, b.bytes).fill(0)
      })
    },

    destroy() {
      over ??= destroyed()
      team?.destroy()
    },
  }
}

const pages = (bytes: number): number => Math.ceil(bytes / PAGE)

function memoryOf(initial: number, maximum: number, shared: boolean, wide: boolean): WebAssembly.Memory {
  const size = wide
    ? { initial: BigInt(initial), maximum: BigInt(maximum), address: 'i64' }
    : { initial, maximum }
  try {
    return new WebAssembly.Memory({ ...size, shared } as WebAssembly.MemoryDescriptor)
  } catch (e) {
    // One that is not shared takes no more than it needs at first: another variant may do.
    if (shared) throw new UnsupportedError(`no shared memory of up to ${maximum * PAGE} bytes`, [], e)
    throw new OutOfMemoryError(`WebAssembly has no room for ${initial * PAGE} bytes`, { cause: e })
  }
}

async function instantiate(code: Uint8Array, memory: WebAssembly.Memory) {
  let module: WebAssembly.Module
  try {
    module = await WebAssembly.compile(code as BufferSource)
  } catch (e) {
    throw new UnsupportedError(`the module was refused: ${(e as Error).message}`, [], e)
  }
  const imports: Record<string, Record<string, WebAssembly.Memory>> = {}
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== 'memory')
      throw new IntegrityError(`the module imports ${from}.${name}; a memory is all it may`)
    imports[from] = { [name]: memory }
  }
  try {
    return { module, imports, exports: (await WebAssembly.instantiate(module, imports)).exports }
  } catch (e) {
    throw new IntegrityError(`the module could not be started: ${(e as Error).message}`, { cause: e })
  }
}

/** Lets the page draw and take input. Unlike a timer's, a message's turn comes at once. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
}
