/** Activation functions by the names that Hugging Face transformers gives them. */
import { fail } from '../../errors.js'
import type { ConfigReader, FieldName } from '../../import/config.js'
import type { Attr } from '../../ir/graph.js'
import type { Making } from './making.js'

type Step = Record<string, Attr> & { OP: string }

const gelu = [{ OP: 'gelu' }]
const geluTanh = [{ OP: 'gelu_tanh' }]
const silu = [{ OP: 'silu' }]

/** Operators `unary`, one after the other. */
const functions: Readonly<Record<string, readonly Step[]>> = {
  gelu,
  gelu_python: gelu,
  gelu_10: [{ OP: 'gelu' }, { OP: 'clip', ALPHA: -10, BETA: 10 }],
  // One formula in four spellings.
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: [{ OP: 'quick_gelu' }],
  silu,
  swish: silu,
  relu: [{ OP: 'relu' }],
  relu2: [{ OP: 'relu' }, { OP: 'square' }],
  relu6: [{ OP: 'clip', ALPHA: 0, BETA: 6 }],
  leaky_relu: [{ OP: 'leaky_relu', ALPHA: 0.01 }],
  mish: [{ OP: 'mish' }],
  sigmoid: [{ OP: 'sigmoid' }],
  tanh: [{ OP: 'tanh' }],
  linear: [],
}

/** The activation that a field of the config names; WGC423 for one that there are no kernels for. */
export function activationOf(config: ConfigReader, field: FieldName, family: string, usual: string): string {
  const name = config.string(field, { default: usual })
  if (!Object.hasOwn(functions, name)) fail('WGC423', [`the activation ${name}`, family])
  return name
}

/** The function of every element of x. */
export const activate = ({ g }: Making, x: string, activation: string, name: string): string =>
  (functions[activation] ?? []).reduce(
    (y, step, i) => g.op('unary', i === 0 ? name : `${name}.${i}`, { x: y }, step),
    x,
  )
