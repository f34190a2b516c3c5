/** What happened to a model beside its work, told to the page's `onEvent`. Plain data: can be logged or sent. */
export type ModelEvent =
  /** A variant computed wrongly here. It is not taken again on this device. */
  | { kind: 'disagreed'; variant: string; kernel: string; why: string }
  /** A variant was refused, and the next one is tried. */
  | { kind: 'refused'; variant: string; why: string }
  /** The GPU device was lost, and is made anew; what was under way then goes on. */
  | { kind: 'lost'; why: string }
  /** As before, on a new device, after so many milliseconds. */
  | { kind: 'recovered'; variant: string; ms: number }
