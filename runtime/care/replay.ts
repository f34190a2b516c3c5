/** A conversation as its steps: what is needed to do them again on another device. */
import type { Executor, Step } from '../executor.js'
import type { Plan, Region } from '../format.js'

/** A step: its rows, and what is still to come of it. Small, for there is one for each token. */
interface Turn {
  program: string
  past: number
  seq: number
  sizes: Step['sizes']
  /** Until it is done. */
  open?: Open | undefined
}

/** What is still to come of a step. */
interface Open {
  turn: Turn
  step: Step
  wanted: readonly Region[]
  signal: AbortSignal | undefined
  /** Where it is under way. */
  on?: Executor
  result?: Promise<Uint8Array[]>
}

export interface Conversation {
  /** Ids that callers put at a byte of the tokens. */
  write(offset: number, bytes: Uint8Array): void
  /** Notes a step. What it gives is asked for by `result`. */
  step(program: string, step: Step, wanted: readonly Region[], signal: AbortSignal | undefined): Open
  /** What the step gives. Begun here, unless it is done or under way here. */
  result(open: Open, on: Executor, plan: Plan): Promise<Uint8Array[]>
  forget(): void
  /** Does all again. Steps whose outcome is known take it from there; those under way are begun. */
  replay(on: Executor, plan: Plan): Promise<void>
}

/** Steps queued before one is waited for. */
const PACE = 16

export const tokensOf = (plan: Plan): number => plan.buffers.findIndex((b) => b.kind === 'tokens')

/** The program of that name, or the one that does the same for more rows. */
export const known = ({ programs }: Plan, name: string): string =>
  Object.hasOwn(programs, name) ? name : 'prefill'

export function conversation(): Conversation {
  /** By position. */
  const ids: number[] = []
  const turns: Turn[] = []

  /**
   * Runs a step, in several where this variant takes fewer rows at a time. `wanted` are ids: their places are the
   * same in every plan but for the buffer's number.
   */
  async function begin(
    on: Executor,
    plan: Plan,
    name: string,
    step: Step,
    wanted: readonly Region[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    const program = known(plan, name)
    const { maxSeq } = plan.programs[program]!
    const end = step.past + step.seq
    const room = plan.buffers[tokensOf(plan)]!.bytes / 4 - 1
    if (end > room) throw new RangeError(`the model, made smaller, takes ${room} tokens, not ${end}`)
    let { past } = step
    for (; end - past > maxSeq; past += maxSeq)
      await on.run(program, { ...step, past, seq: maxSeq, sample: 0 }, [], signal)
    const places = wanted.map(([, at, bytes]): Region => [tokensOf(plan), at, bytes])
    return on.run(program, { ...step, past, seq: end - past }, places, signal)
  }

  function result(open: Open, on: Executor, plan: Plan): Promise<Uint8Array[]> {
    const { turn, step, wanted, signal } = open
    if (open.result && (open.on === on || !turn.open)) return open.result
    open.on = on
    open.result = begin(on, plan, turn.program, step, wanted, signal).then((read) => {
      read.forEach((bytes, i) => {
        put(wanted[i]![1], bytes)
      })
      turn.open = undefined
      return read
    })
    // Asked for by its caller, who may have gone.
    open.result.catch(() => {})
    return open.result
  }

  function put(offset: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < bytes.length; i += 4) ids[(offset + i) / 4] = view.getUint32(i, true)
  }

  return {
    write: put,
    result,

    step(program, step, wanted, signal) {
      const { past, seq, sizes } = step
      // What follows from there on is overwritten.
      while (turns.length && turns.at(-1)!.past >= past) turns.pop()
      const turn: Turn = { program, past, seq, sizes }
      turns.push(turn)
      turn.open = { turn, step, wanted, signal }
      return turn.open
    },

    forget() {
      ids.length = turns.length = 0
    },

    async replay(on, plan) {
      if (!turns.length) return
      const tokens = tokensOf(plan)
      on.write(known(plan, turns[0]!.program), tokens, 0, new Uint8Array(Uint32Array.from(ids).buffer))
      for (let i = 0; i < turns.length; i++) {
        const { open, program, ...rows } = turns[i]!
        if (open) {
          const under = result(open, on, plan)
          // What goes wrong with it is told to its caller.
          if (on.ahead === 1) await under.catch(() => {})
          continue
        }
        const look: Region[] = i % PACE === 0 ? [[tokens, 0, 4]] : []
        const done = begin(on, plan, program, { ...GREEDY, ...rows }, look)
        if (look.length || on.ahead === 1) await done
        // A loss is told by the next that is awaited, or by the executor.
        else done.catch(() => {})
      }
    },
  }
}

/** Of a step whose token is known. */
const GREEDY = { seed: 0, topK: 0, topP: 1, temperature: 0, penalty: 1, sample: 0 } as const
