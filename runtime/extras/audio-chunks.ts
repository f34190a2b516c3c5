/** Sound in chunks, as EnCodec cuts it: codes [chunks, batch, …] one by one, and the chunks' sound put together. */
import type { HostFunction } from '../extras.js'
import { product, type Tensor } from '../tensor.js'

/** [chunks, batch, …] → [chunks * batch, …]: what a program runs on one by one. */
export const chunksApart: HostFunction = (inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, t]): [string, Tensor] => {
      const [chunks = 1, batch = 1, ...rest] = t.shape
      return [name, { ...t, shape: [chunks * batch, ...rest] }]
    }),
  )

/**
 * chunks [chunks * batch, channels, samples], `stride` samples apart, to audio [batch, channels, all of them]: where
 * chunks overlap, each counts by how far its nearer end is (a triangle). `like`: [chunks, batch, …]. stride 0: one
 * chunk alone. Throws RangeError where there are more.
 */
export const overlapAdd: HostFunction = ({ chunks, like }, { stride }) => {
  const [count = 1, batch = 1] = like!.shape
  const [, channels = 1, samples = 1] = chunks!.shape
  const step = Number(stride)
  if (count > 1 && step < 1) throw new RangeError(`the model takes one chunk of codes, not ${count}`)
  if (product(chunks!.shape) !== count * batch * channels * samples)
    throw new RangeError(`chunks of sound are [${chunks!.shape}], not ${count} of ${batch}`)
  const total = step * (count - 1) + samples
  const weight = (i: number) => 0.5 - Math.abs((i + 1) / (samples + 1) - 0.5)
  const weights = new Float64Array(total)
  for (let k = 0; k < count; k++) for (let i = 0; i < samples; i++) weights[k * step + i]! += weight(i)
  const data = new Float32Array(batch * channels * total)
  for (let k = 0; k < count; k++)
    for (let row = 0; row < batch * channels; row++)
      for (let i = 0; i < samples; i++) {
        const at = k * step + i
        data[row * total + at]! +=
          (chunks!.data[(k * batch * channels + row) * samples + i]! * weight(i)) / weights[at]!
      }
  return { audio: { dtype: 'f32', shape: [batch, channels, total], data } }
}
