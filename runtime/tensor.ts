/** Tensors as callers give and get them. */
export interface Tensor {
  dtype: 'f32' | 'u32'
  /** Elements along each axis, the outermost first. */
  shape: number[]
  /** Row-major. */
  data: Float32Array | Uint32Array
}

export const ARRAY = { f32: Float32Array, u32: Uint32Array } as const

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Tensors one after the other along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const { dtype, shape: first } = tensors[0]!
  if (tensors.length === 1) return tensors[0]!
  const shape = [...first]
  shape[axis] = tensors.reduce((n, t) => n + t.shape[axis]!, 0)
  const data = new ARRAY[dtype](product(shape))
  const outer = product(shape.slice(0, axis))
  const row = data.length / outer
  let from = 0
  for (const { data: part } of tensors) {
    const width = part.length / outer
    for (let i = 0; i < outer; i++) data.set(part.subarray(i * width, (i + 1) * width), i * row + from)
    from += width
  }
  return { dtype, shape, data }
}
