/** What goes between the tests and the Deno that runs models for them: lines of JSON. */
import type { Model, TensorLike } from '../../runtime/index.js'

/** Values (those that aren't finite by name), and a shape where one was given. */
export interface Wired {
  shape?: readonly number[]
  data: (number | string)[]
}

export type Call = { model: number } & (
  | { do: 'load'; folder: string }
  | { do: 'run'; inputs: Record<string, Wired>; outputs?: readonly string[] }
  | { do: 'generate'; prompt: number[]; options: object; inputs?: Record<string, Wired> }
  | { do: 'destroy' }
)

export interface Reply {
  error?: string
  flow?: Model['flow']
  tensors?: Record<string, Wired>
  ids?: number[]
  stats?: Model['stats']
}

const wired = (tensor: TensorLike): Wired =>
  'data' in tensor
    ? { ...wired(tensor.data), ...(tensor.shape && { shape: tensor.shape }) }
    : {
        data: Array.from(tensor as ArrayLike<number | bigint>, (v) =>
          Number.isFinite(Number(v)) ? Number(v) : String(v),
        ),
      }

const unwired = ({ shape, data }: Wired) => {
  const values = data.map(Number)
  return shape ? { data: values, shape } : values
}

const each = <From, To>(of: Record<string, From>, make: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, make(value)]))

export const toWire = (tensors: Record<string, TensorLike>): Record<string, Wired> => each(tensors, wired)
export const fromWire = (tensors: Record<string, Wired>): Record<string, TensorLike> => each(tensors, unwired)
