/** What the calls on one model share. */
import type { Timings } from './care/history.js'
import type { PowerNow } from './care/power.js'
import type { Tokenizer } from './detokenize.js'
import type { Executor } from './executor.js'
import type { HostFunction } from './extras.js'
import type { Flow, ModelInfo, Plan, Program } from './format.js'
import type { Generation } from './generate.js'

export interface Beside {
  timings(): Promise<Timings>
  readonly power: PowerNow
}

export interface Session {
  info: ModelInfo
  /** Id of the variant that runs. */
  variant: string
  plan: Plan
  flow: Flow | undefined
  executor: Executor
  /**
   * Does `work` that forgets the conversation, and does it again should the device be lost. What it leaves in states
   * under a name is done again later too, until the next of that name.
   */
  whole?<T>(
    work: (on: Session, signal: AbortSignal | undefined) => Promise<T>,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<T>
  /** What is measured and watched beside the work. */
  beside?: Beside
  /** The functions of `extras.js`, fetched when first asked for. */
  extras(): Promise<Readonly<Record<string, HostFunction>>>
  /** Sizes that programs left for others. */
  sizes: Record<string, number>
  tokenizer: Tokenizer | undefined
  /** Tokens of the conversation so far: prompts, and what was given out. */
  length: number
  /** One at a time: they share the KV cache. */
  busy: boolean
  stats: Generation | undefined
}

/** Takes the model for one call; throws if it is taken. */
export function take(session: Session): () => void {
  if (session.busy) throw new Error('the model is busy: one generation or run at a time')
  session.busy = true
  return () => {
    session.busy = false
  }
}

export function checkIds(ids: ArrayLike<number>, vocab: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    if (!(Number.isInteger(id) && id >= 0 && id < vocab)) {
      throw new RangeError(`token ${i} is ${id}; the model knows ids from 0 to ${vocab - 1}`)
    }
  }
}

/** `[past, seq]` of the steps that take in the tokens from `from` to `to`. */
export function* chunks(from: number, to: number, { maxSeq }: Program): Generator<[number, number]> {
  for (let past = from; past < to; past += maxSeq) yield [past, Math.min(maxSeq, to - past)]
}
