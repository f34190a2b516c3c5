/** Axes parted and put together: the same values under another shape. */
import type { HostFunction } from '../extras.js'
import type { Tensor } from '../tensor.js'

const axisOf = ({ shape }: Tensor, axis: unknown, more: number): number => {
  if (typeof axis === 'number' && axis >= 0 && axis + more < shape.length) return axis
  throw new RangeError(`there is no axis ${axis} in [${shape.join(', ')}] to part or put together`)
}

/** x with `axis` as two, the second of them of `size`. */
export const splitAxis: HostFunction = ({ x }, { axis, size }) => {
  const at = axisOf(x!, axis, 0)
  const length = x!.shape[at]!
  if (!(typeof size === 'number' && size > 0 && length % size === 0))
    throw new RangeError(`[${x!.shape.join(', ')}]: axis ${at} must be a multiple of ${size}`)
  return { y: { ...x!, shape: [...x!.shape.slice(0, at), length / size, size, ...x!.shape.slice(at + 1)] } }
}

/** x with `axis` and the one behind it as one. */
export const mergeAxes: HostFunction = ({ x }, { axis }) => {
  const at = axisOf(x!, axis, 1)
  const { shape } = x!
  return { y: { ...x!, shape: [...shape.slice(0, at), shape[at]! * shape[at + 1]!, ...shape.slice(at + 2)] } }
}
