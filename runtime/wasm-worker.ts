/**
 * A worker of a team (wasm-threads.ts): takes chunks of the step's calls, in their order, until told to quit. It is a
 * file of its own beside the runtime, because a page's policy may forbid workers from anywhere else.
 *
 * One word, `work`, holds the call at hand and how many of its chunks nobody has taken. A chunk is taken by counting
 * that down; what it is, is looked up afterwards, when nothing can move on without its being done. So a worker that
 * sleeps through half a step holds nobody up, and there is no barrier that all must reach: a call is over when its
 * chunks are done. Whoever does the last one goes on to the next call, and takes a chunk of it in the same stroke: calls
 * of one chunk follow each other without a word to the others.
 */
import {
  busyWord,
  LEFT,
  LEFT_BITS,
  type Report,
  type Setup,
  type SharedCall,
  STATE,
  tablesOf,
  WORD,
} from './wasm-control.js'

interface Scope {
  onmessage: ((event: { data: Setup }) => void) | null
  postMessage(report: Report): void
  close(): void
}

interface Ready {
  kernel: (...args: (number | bigint)[]) => unknown
  call: SharedCall
}

/** The exported global holds a 64-bit number where pointers have 64 bits. */
function setStack({ __stack_pointer: pointer }: WebAssembly.Exports, to: number): void {
  if (pointer instanceof WebAssembly.Global)
    pointer.value = typeof pointer.value === 'bigint' ? BigInt(to) : to
}

function team(scope: Scope, setup: Setup, exports: WebAssembly.Exports): void {
  const { control, index, programs, spin } = setup
  const words = new Int32Array(control)
  const { chunks, items, slots } = tablesOf(control, setup.tables, setup.calls)
  const ready = programs.map((calls) =>
    calls.map((call): Ready => ({ kernel: exports[call.symbol] as Ready['kernel'], call })),
  )
  const busy = busyWord(index)
  const rest = (Atomics as { pause?: () => void }).pause?.bind(Atomics) ?? (() => {})

  /** Until `WORK` is no longer `seen`. */
  function wait(seen: number): void {
    const until = performance.now() + spin
    do {
      for (let i = 0; i < 100; i++) {
        if (Atomics.load(words, WORD.work) !== seen) return
        rest()
      }
    } while (performance.now() < until)
    Atomics.add(words, WORD.sleepers, 1)
    Atomics.wait(words, WORD.work, seen)
    Atomics.sub(words, WORD.sleepers, 1)
  }

  function perform(program: Ready[], at: number, chunk: number): void {
    const { kernel, call } = program[at]!
    const { args, moving, slot } = call
    for (let i = 0; i < moving.length; i++) args[moving[i]!] = slots[slot + i]!
    const [n, count] = [items[at]!, chunks[at]!]
    args[args.length - 2] = Math.floor((n * chunk) / count)
    args[args.length - 1] = Math.floor((n * (chunk + 1)) / count)
    try {
      kernel(...args)
    } catch (e) {
      throw new Error(`${call.label}: the module failed: ${(e as Error).message}`, { cause: e })
    }
  }

  /** From a chunk that was taken as long as each next one is this worker's too. */
  function goOn(taken: number): void {
    const program = ready[Atomics.load(words, WORD.program)]!
    let at = (taken >>> LEFT_BITS) - 1
    let chunk = (taken & LEFT) - 1
    let posted = (taken >>> LEFT_BITS) << LEFT_BITS
    for (;;) {
      perform(program, at, chunk)
      const count = chunks[at]!
      if (count > 1) {
        if (Atomics.add(words, WORD.done, 1) + 1 < count) return
        Atomics.store(words, WORD.done, 0)
      }
      do at++
      while (at < program.length && !chunks[at])
      const over = at >= program.length || Atomics.load(words, WORD.state) !== STATE.run
      chunk = over ? 0 : chunks[at]! - 1
      // A call of one chunk is not announced: nobody else is to take it.
      if (!over && chunk === 0) continue
      const next = over ? 0 : ((at + 1) << LEFT_BITS) | chunk
      // Another value than the one left there: the step was taken away from the team.
      if (Atomics.compareExchange(words, WORD.work, posted, next) !== posted) return
      if (over) {
        scope.postMessage({ done: true })
        return
      }
      posted = (at + 1) << LEFT_BITS
      if (Atomics.load(words, WORD.sleepers)) Atomics.notify(words, WORD.work)
    }
  }

  while (Atomics.load(words, WORD.state) !== STATE.quit) {
    const seen = Atomics.load(words, WORD.work)
    if (!(seen & LEFT)) {
      wait(seen)
      continue
    }
    Atomics.store(words, busy, 1)
    if (Atomics.compareExchange(words, WORD.work, seen, seen - 1) === seen) goOn(seen)
    Atomics.store(words, busy, 0)
  }
}

async function begin(scope: Scope, setup: Setup): Promise<void> {
  try {
    const { exports } = await WebAssembly.instantiate(setup.module, setup.imports)
    setStack(exports, setup.stack)
    scope.postMessage({ ready: true })
    team(scope, setup, exports)
    scope.close()
  } catch (e) {
    scope.postMessage({ failed: (e as Error).message })
  }
}

const scope = globalThis as unknown as Scope
scope.onmessage = ({ data }) => {
  scope.onmessage = null
  void begin(scope, data)
}
