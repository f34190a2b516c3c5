/** ONNX's operators that hold graphs, decided while translating: a branch is taken, a loop unrolled. */
import { flexAttention } from './ops/attention.js'
import { part } from './ops/movement.js'
import { axisOf, concatenated } from './ops/shapes.js'
import type { GraphProto } from './protos.js'
import { type At, type Body, known, type Value, view } from './values.js'

/** Turns that a loop may be unrolled to. */
const MAX_TURNS = 4096

const bodyOf = (at: At, name: string): GraphProto =>
  at.node.attributes.get(name)?.g ?? at.refuse(`it has no ${name}`)

const branch = (at: At, run: Body) => run(bodyOf(at, at.must(0)[0] !== 0 ? 'then_branch' : 'else_branch'), [])

/** Values of each turn under one another, along a new axis. */
function stacked(at: At, turns: Value[], axis: number): Value {
  const parts = turns.map((v) => view(v, v.shape.toSpliced(axis, 0, 1)))
  return concatenated(at, parts, axis)
}

const present = (at: At, values: (Value | undefined)[]): Value[] =>
  values.map((v, i) => v ?? at.refuse(`output ${i} of its body is not made`))

/** (trips, condition, states …) → (states …, what each turn gives out …). */
function loop(at: At, run: Body): Value[] {
  const body = bodyOf(at, 'body')
  const trips = at.inputs[0] ? at.must(0)[0]! : Number.POSITIVE_INFINITY
  let going = at.inputs[1] ? at.must(1)[0] !== 0 : true
  let states = present(at, at.inputs.slice(2))
  const turns: Value[][] = []
  for (let i = 0; going && i < trips; i++) {
    if (i >= MAX_TURNS) at.refuse(`it takes more than ${MAX_TURNS} turns`)
    const made = present(at, run(body, [known([], 7, [i]), known([], 9, [1]), ...states]))
    const more = made[0]!.data ?? at.refuse('whether it goes on is known only when the model runs')
    going = more[0] !== 0
    states = made.slice(1, states.length + 1)
    turns.push(made.slice(states.length + 1))
  }
  const outputs = body.outputs.length - 1 - states.length
  if (outputs > 0 && turns.length === 0) at.refuse('it takes no turn, so that its outputs have no shape')
  return [
    ...states,
    ...Array.from({ length: outputs }, (_, k) =>
      stacked(
        at,
        turns.map((t) => t[k]!),
        0,
      ),
    ),
  ]
}

/** (states …, scanned …) → (states …, stacked …), a turn for each element of the scanned axes. */
function scan(at: At, run: Body): Value[] {
  if (at.opset < 9) at.refuse('the form of Scan before opset 9')
  const body = bodyOf(at, 'body')
  const count = at.int('num_scan_inputs', 0)
  const all = present(at, at.inputs)
  let states = all.slice(0, all.length - count)
  const scanned = all.slice(all.length - count)
  const axes = scanned.map((v, i) => axisOf(at, at.ints('scan_input_axes')?.[i] ?? 0, v.shape.length))
  const back = (name: string, i: number) => (at.ints(name)?.[i] ?? 0) !== 0
  const length = scanned[0]!.shape[axes[0]!]!
  if (length > MAX_TURNS) at.refuse(`it takes ${length} turns`)
  const turns: Value[][] = []
  for (let t = 0; t < length; t++) {
    const slices = scanned.map((v, i) => {
      const k = back('scan_input_directions', i) ? length - 1 - t : t
      return view(part(at, v, axes[i]!, k, k + 1), v.shape.toSpliced(axes[i]!, 1))
    })
    const made = present(at, run(body, [...states, ...slices]))
    states = made.slice(0, states.length)
    turns.push(made.slice(states.length))
  }
  const outputs = (turns[0] ?? at.refuse('it takes no turn')).map((first, k) => {
    const axis = axisOf(at, at.ints('scan_output_axes')?.[k] ?? 0, first.shape.length + 1)
    const values = turns.map((t) => t[k]!)
    return stacked(at, back('scan_output_directions', k) ? values.reverse() : values, axis)
  })
  return [...states, ...outputs]
}

export const control: Readonly<Record<string, (at: At, run: Body) => (Value | undefined)[]>> = {
  If: branch,
  Loop: loop,
  Scan: scan,
  'ai.onnx.preview.FlexAttention': flexAttention,
}
