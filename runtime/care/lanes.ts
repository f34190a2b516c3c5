/** Weights on their way: a few shards at a time, each lane with one place in memory that all of its shards go through. */

/** Shards on their way at a time: what keeps network, hash and device all busy. */
const WIDTH = 6
/** Bytes of them: what a load takes beside the model itself. */
const BUDGET = 1 << 26
/** The part of a small machine's memory that may be. */
const PART = 1 / 32

/**
 * Does `work` on every item, in a few lanes. `size`: bytes of an item. `stage` gives so many bytes, which are the
 * lane's next item's later. `memory`: bytes a model may take here, where that is known. `allocate` throws in a way of its own.
 */
export async function lanes<T>(
  items: readonly T[],
  size: (item: T) => number,
  memory: number | undefined,
  allocate: (bytes: number) => Uint8Array,
  work: (item: T, stage: (bytes: number) => Uint8Array) => Promise<unknown>,
): Promise<void> {
  const largest = items.reduce((most, item) => Math.max(most, size(item)), 1)
  const budget = Math.min(BUDGET, (memory ?? Infinity) * PART)
  const count = Math.min(WIDTH, Math.max(1, Math.floor(budget / largest)))
  const queue = [...items]
  const lane = async () => {
    let staged: Uint8Array | undefined
    const stage = (bytes: number) => {
      if (!staged || staged.length < bytes) staged = allocate(bytes)
      return staged.subarray(0, bytes)
    }
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, stage)
  }
  await Promise.all(Array.from({ length: count }, lane))
}
