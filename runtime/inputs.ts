/** What callers give, as tensors of a flow's inputs: shapes found or checked, masks filled in. */
import { evaluate } from './expr.js'
import type { FlowInput } from './format.js'
import { ARRAY, product, type Tensor } from './tensor.js'

/** Values in row-major order, or a tensor. Integers may be bigints. Without a shape, one is found that fits. */
export type TensorLike =
  | ArrayLike<number>
  | BigInt64Array
  | BigUint64Array
  | { data: TensorLike; shape?: readonly number[] }

/** What was given, as tensors of the flow's inputs. `squeezed`: those of a batch had no axis for it. */
export function valuesOf(
  inputs: readonly FlowInput[],
  given: Record<string, TensorLike>,
): { values: Map<string, Tensor>; squeezed: boolean } {
  const values = new Map<string, Tensor>()
  let squeezed = false
  let batched = false
  for (const name of Object.keys(given)) {
    const input = inputs.find((p) => p.name === name)
    if (!input) {
      const known = inputs.map((p) => p.name).join(', ')
      throw new TypeError(`the model has no input ${name}; it has ${known}`)
    }
    const tensor = tensorOf(input, given[name]!)
    if (input.shape[0] === 'batch' && tensor.shape.length < input.shape.length) {
      squeezed = true
      values.set(name, { ...tensor, shape: [1, ...tensor.shape] })
    } else {
      if (input.shape[0] === 'batch') batched = true
      values.set(name, tensor)
    }
  }
  const sizes: Record<string, number> = {}
  for (const { name, shape } of inputs)
    shape.forEach((e, axis) => {
      if (typeof e === 'string') sizes[e] ??= values.get(name)?.shape[axis] as number
    })
  for (const { name, dtype, shape, fill } of inputs) {
    const all = shape.map((e) => evaluate(e, sizes))
    if (fill === undefined || values.has(name) || !all.every((n) => n >= 1)) continue
    values.set(name, { dtype, shape: all, data: new ARRAY[dtype](product(all)).fill(fill) })
  }
  return { values, squeezed: squeezed && !batched }
}

function tensorOf(input: FlowInput, like: TensorLike): Tensor {
  const { name, dtype } = input
  let given: TensorLike = like
  let shape: readonly number[] | undefined
  while (typeof given === 'object' && 'data' in given) {
    shape ??= given.shape
    given = given.data
  }
  if (typeof (given as ArrayLike<number> | undefined)?.length !== 'number')
    throw new TypeError(`input ${name} is no array`)
  const Values = ARRAY[dtype]
  const numbers = given as ArrayLike<number>
  const data = given instanceof Values ? given : new Values(Array.from(numbers, Number))
  if (dtype === 'u32' && !(given instanceof Values)) checkWhole(name, numbers)
  const own = shape ?? guess(input, data.length)
  const wrong = own.length < input.shape.length - 1 || own.length > input.shape.length
  if (wrong || product(own) !== data.length || data.length === 0) throw sizeError(input, own, data.length)
  // Without a batch's axis the other axes are at the end.
  input.shape.slice(input.shape.length - own.length).forEach((e, axis) => {
    if (typeof e === 'number' && e !== own[axis]) throw sizeError(input, own, data.length)
  })
  return { dtype, shape: [...own], data }
}

const sizeError = ({ name, shape }: FlowInput, own: readonly number[], count: number) =>
  new RangeError(`input ${name} is [${own.join(', ')}], ${count} values; the model takes [${shape}]`)

function checkWhole(name: string, numbers: ArrayLike<number>): void {
  for (let i = 0; i < numbers.length; i++) {
    const n = Number(numbers[i])
    if (!(Number.isInteger(n) && n >= 0))
      throw new RangeError(`input ${name}: element ${i} is ${n}, no index`)
  }
}

/** The shape of a plain list: the one size that isn't known, of a batch of one; else the batch. */
function guess(input: FlowInput, count: number): number[] {
  const batched = input.shape[0] === 'batch'
  const rest = batched ? input.shape.slice(1) : input.shape
  const open = rest.filter((e) => typeof e !== 'number').length
  const n = count / product(rest.map((e) => (typeof e === 'number' ? e : 1)))
  if (!Number.isInteger(n) || open > 1)
    throw new TypeError(`input ${input.name} needs a shape, [${input.shape}]: give { data, shape }`)
  const own = rest.map((e) => (typeof e === 'number' ? e : n))
  return open === 0 && batched && n !== 1 ? [n, ...own] : own
}
