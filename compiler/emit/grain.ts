/** How many of a dispatch's work items are worth a thread's while. */

import type { Graph } from '../ir/graph.js'
import { largest } from '../ir/size.js'
import type { Step } from '../select/lower.js'

/** What a thread must get to do, in nanoseconds: handing it over and waiting for it cost some 500 (tests/bench/threads.ts). */
const WORTH = 1000
/** What a core does in one, roughly: a bound, so that what is small is known to be. */
const FLOPS = 20
const BYTES = 10

/** Items that take `WORTH`, at the program's largest step; at smaller ones they take less. */
export function grainOf(step: Step, graph: Graph): number {
  const items = largest(step.grid[0]!, { seq: graph.maxSeq, past: 0 })
  const { flops, bytes } = step.op.cost(step.params)
  const each = Math.max(flops / FLOPS, bytes / BYTES) / Math.max(1, items)
  return Math.min(Math.max(1, Math.ceil(WORTH / Math.max(each, 1e-3))), Math.max(1, items))
}
