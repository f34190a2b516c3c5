/** What happened to a model beside its work, told to the page's `onEvent`. Plain data: can be logged or sent. */
export type ModelEvent =
  /** A variant computed wrongly here. It is not taken again on this device. */
  | { kind: 'disagreed'; variant: string; kernel: string; why: string }
  /** A variant was refused, and the next one is tried. */
  | { kind: 'refused'; variant: string; why: string }
  /** There was no room for it as it was built: it runs with less, and `model.info.context` is `to.context`. */
  | { kind: 'shrunk'; variant: string; why: string; from: Size; to: Size }
  /** Another variant was tried and is faster (`LoadOptions.adapt`): the model, and its conversation, go on there. */
  | { kind: 'switched'; from: string; to: string; why: string }
  /** Generation is held to so many tokens a second from now on (`LoadOptions.power`); absent: it runs at full speed again. */
  | { kind: 'paced'; tokensPerSecond?: number; why: string }
  /** The GPU device was lost, and is made anew; what was under way then goes on. */
  | { kind: 'lost'; why: string }
  /** As before, on a new device, after so many milliseconds. */
  | { kind: 'recovered'; variant: string; ms: number }

/** What a variant takes. */
export interface Size {
  /** Bytes on the device. */
  memory: number
  /** Tokens the KV cache holds. */
  context: number
  /** How the KV cache is stored: f32, f16, q8, q4. */
  kv: string
  /** Tokens of a prompt that a step takes, at most. */
  chunk: number
}
