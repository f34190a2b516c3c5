import { describe, expect, it } from 'vitest'
import { lanes } from '../../runtime/care/lanes.js'

const MiB = 2 ** 20
const GiB = 2 ** 30

/** Sizes of shards in MiB, the machine's hint, how many go at a time. */
const CASES: [sizes: number[], memory: number | undefined, width: number][] = [
  [[32, 32, 32, 32, 32], undefined, 2],
  [[32, 32, 32, 32, 32], GiB, 1],
  [[32, 32, 32, 32, 32], 4 * GiB, 2],
  [[8, 8, 8, 8, 8, 8, 8, 8], undefined, 6],
  [[8, 8, 8, 8, 8, 8, 8, 8], GiB, 4],
  [[1, 2, 3], undefined, 3],
  [[200, 1, 1], undefined, 1],
  [[20, 1, 1, 20], undefined, 3],
  [[], undefined, 0],
]

describe('weights on their way', () => {
  it.each(CASES)('%j MiB with %s bytes of memory go %i at a time', async (sizes, memory, width) => {
    let allocated = 0
    let flying = 0
    let most = 0
    const done: number[] = []
    await lanes(
      sizes.map((size, index) => ({ size, index })),
      ({ size }) => size * MiB,
      memory,
      (bytes) => {
        allocated += bytes
        // Not so many in truth: what counts is how many are asked for.
        return {
          length: bytes,
          subarray: (from: number, to: number) => ({ length: to - from }),
        } as Uint8Array
      },
      async ({ size, index }, stage) => {
        most = Math.max(most, ++flying)
        expect(stage(size * MiB).length).toBe(size * MiB)
        await new Promise((resolve) => setTimeout(resolve, 1 + (index % 3)))
        flying--
        done.push(index)
      },
    )
    expect(done.sort((a, b) => a - b)).toEqual(sizes.map((_, i) => i))
    expect(most).toBe(width)
    // Once a lane, and again only for a larger shard than any before it.
    expect(allocated).toBeLessThanOrEqual(width * Math.max(0, ...sizes) * MiB * 2)
  })

  it('take one place in memory each', async () => {
    const places = new Set<ArrayBufferLike>()
    await lanes(
      Array(50).fill(16 * MiB),
      (bytes) => bytes,
      undefined,
      () => new Uint8Array(16),
      async (_, stage) => {
        await null
        places.add(stage(16).buffer)
      },
    )
    expect(places.size).toBe(4)
  })

  it('end with the first error', async () => {
    const work = async (item: number) => {
      if (item === 3) throw new RangeError('the third')
    }
    const all = lanes(
      [1, 2, 3, 4],
      (n) => n,
      undefined,
      (n) => new Uint8Array(n),
      work,
    )
    await expect(all).rejects.toThrow(new RangeError('the third'))
  })
})
