/** A bundle may be broken in any way: loading and running it ends well or in an error that a page can tell apart. */
import { expect } from 'vitest'
import {
  IntegrityError,
  type LoadOptions,
  load,
  OutOfMemoryError,
  UnsupportedError,
} from '../../runtime/index.js'
import { type Bundle, memorySource } from './tiny-bundle.js'

const TYPED = [IntegrityError, UnsupportedError, OutOfMemoryError, RangeError]

export async function endsWell(bundle: Bundle, options: LoadOptions = { gpu: null }): Promise<void> {
  try {
    const model = await load(memorySource(bundle), options)
    try {
      let n = 0
      for await (const _ of model.generateIds([1, 2, 3, 4, 5], { temperature: 0, maxTokens: 4 })) n++
      expect(n).toBeLessThanOrEqual(4)
      await model.run({ input_ids: [1, 2, 3, 4, 5] })
    } finally {
      model.destroy()
    }
  } catch (e) {
    const renamed =
      e instanceof TypeError &&
      /is missing; the program takes|the model has no input|needs a shape/.test(e.message)
    if (!renamed && !TYPED.some((T) => e instanceof T)) throw e
  }
}
