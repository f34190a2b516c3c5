/** ONNX's losses, of targets that are known. */
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { div, mul, unary } from './apply.js'
import { softmaxOf } from './norms.js'
import { reduced } from './reductions.js'
import { picked } from './shapes.js'

/** -w[t] x[n, t, …] for each target t, and their mean (weighted), sum, or themselves. */
function negativeLogLikelihood(at: At, x: Value, weight: Value | undefined): Value {
  const shape = at.input(1).shape
  const targets = at.must(1)
  const ignored = at.node.attributes.has('ignore_index') ? at.int('ignore_index', 0) : undefined
  const [C, S] = [x.shape[1]!, sizeOf(x.shape.slice(2))]
  const counts = targets.map((t) => t !== ignored)
  const places = targets.map((t, i) => (Math.floor(i / S) * C + (counts[i] ? t : 0)) * S + (i % S))
  const one = known(
    shape,
    x.type,
    counts.map((c) => (c ? 1 : 0)),
  )
  const classes = targets.map((t, i) => (counts[i] ? t : 0))
  const weights = weight ? mul(at, picked(at, weight, classes, shape), one) : one
  const loss = mul(at, unary(at, 'neg', picked(at, x, places, shape)), weights)
  const reduction = at.text('reduction', 'mean')
  if (reduction === 'none') return loss
  const axes = shape.map((_, k) => k)
  const sum = reduced(at, 'sum', loss, axes, false)
  return reduction === 'sum' ? sum : div(at, sum, reduced(at, 'sum', weights, axes, false))
}

export const losses: Record<string, Mapping> = {
  NegativeLogLikelihoodLoss: (at) => negativeLogLikelihood(at, at.input(0), at.inputs[2]),
  SoftmaxCrossEntropyLoss: (at) => {
    const x = softmaxOf(at, at.input(0), 1, true)
    return [negativeLogLikelihood(at, x, at.inputs[2]), view(x, x.shape)]
  },
}
