/** ONNX's recurrent layers, a step of the sequence after another. */
import { type At, known, type Mapping, type Value, view } from '../values.js'
import { add, mul, unary } from './apply.js'
import { part } from './movement.js'
import { matmul } from './products.js'
import { concatenated, transposed } from './shapes.js'

/** One direction's weights, without the axis of directions. */
interface Layer {
  /** [gates * HID, inputs], [gates * HID, HID], [gates * HID] twice. */
  W: Value
  R: Value
  wb: Value | undefined
  rb: Value | undefined
  HID: number
  /** Which of the directions it is. */
  direction: number
}

/** State after a step: h first, what else there is behind it. */
type Cell = (layer: Layer, gx: Value, state: Value[]) => Value[]

const row = (at: At, v: Value, k: number): Value => view(part(at, v, 0, k, k + 1), v.shape.slice(1))

/** Rows [from, to) of gates, of a matrix or a bias. */
export const gatesOf = (at: At, v: Value, HID: number, from: number, to: number): Value =>
  part(at, v, 0, from * HID, to * HID)

/** x wᵀ + b. */
const product = (at: At, x: Value, w: Value, b: Value | undefined): Value => {
  const y = matmul(at, x, w, { TB: true })
  return b ? add(at, y, b) : y
}

/** The whole layer: every direction, every step. `states`: inputs that hold initial states. */
function layer(at: At, gates: number, states: number[], cell: Cell): (Value | undefined)[] {
  if (at.node.attributes.has('activations')) at.refuse('other activations')
  if (at.node.attributes.has('clip')) at.refuse('clip')
  const batchFirst = at.int('layout', 0) !== 0
  const x = batchFirst ? transposed(at, at.input(0), [1, 0, 2]) : at.input(0)
  const [T, B] = x.shape as [number, number]
  if (at.inputs[4] && at.must(4).some((n) => n !== T)) at.refuse('sequences of different lengths')
  const HID = at.input(2).shape[2]!
  const direction = at.text('direction', 'forward')
  const runs = direction === 'bidirectional' ? [false, true] : [direction === 'reverse']
  const made = runs.map((backwards, k) => {
    const b = at.inputs[3] && row(at, at.inputs[3], k)
    const weights: Layer = {
      W: row(at, at.input(1), k),
      R: row(at, at.input(2), k),
      wb: b && gatesOf(at, b, HID, 0, gates),
      rb: b && gatesOf(at, b, HID, gates, 2 * gates),
      HID,
      direction: k,
    }
    // Every step's input goes through its matrix at once.
    const all = product(at, x, weights.W, weights.wb)
    let state = states.map((i) => {
      const given = at.inputs[i]
      if (!given) return known([B, HID], x.type, new Float64Array(B * HID))
      return row(at, batchFirst ? transposed(at, given, [1, 0, 2]) : given, k)
    })
    const outputs: Value[] = []
    for (let step = 0; step < T; step++) {
      const t = backwards ? T - 1 - step : step
      state = cell(weights, row(at, all, t), state)
      outputs[t] = view(state[0]!, [1, 1, B, HID])
    }
    return { y: concatenated(at, outputs, 0), state }
  })
  const y = concatenated(
    at,
    made.map((m) => m.y),
    1,
  )
  const last = states.map((_, i) =>
    concatenated(
      at,
      made.map((m) => view(m.state[i]!, [1, B, HID])),
      0,
    ),
  )
  if (!batchFirst) return [y, ...last]
  return [transposed(at, y, [2, 0, 1, 3]), ...last.map((s) => transposed(at, s, [1, 0, 2]))]
}

function lstm(at: At): (Value | undefined)[] {
  if (at.int('input_forget', 0)) at.refuse('input_forget')
  const peepholes = at.inputs[7]
  return layer(at, 4, [5, 6], ({ R, rb, HID, direction }, gx, [h, c]) => {
    const gates = add(at, gx, product(at, h!, R, rb))
    const B = gx.shape[0]!
    if (peepholes) return peeping(at, gates, c!, row(at, peepholes, direction), HID)
    const made = at.emit('lstm_cell', { gates, c }, { ORDER: 'iofg' }, { B, HID })
    return [made.h!, made.cy!].map((v) => view(v, [B, HID], gx.type))
  })
}

/** A cell whose gates i and f see the old state, and o the new one, through a weight each (P: i, o, f). */
function peeping(at: At, gates: Value, c: Value, P: Value, HID: number): Value[] {
  const gate = (k: number) => part(at, gates, 1, k * HID, (k + 1) * HID)
  const seen = (state: Value, k: number) => mul(at, state, gatesOf(at, P, HID, k, k + 1))
  const open = (k: number, state: Value) => unary(at, 'sigmoid', add(at, gate(k), seen(state, k)))
  const [i, o, f, g] = [0, 1, 2, 3]
  const cell = add(at, mul(at, open(f, c), c), mul(at, open(i, c), unary(at, 'tanh', gate(g))))
  return [mul(at, open(o, cell), unary(at, 'tanh', cell)), cell]
}

function gru(at: At): (Value | undefined)[] {
  const after = at.int('linear_before_reset', 0) !== 0
  return layer(at, 3, [5], ({ R, rb, HID }, gx, [h]) => {
    const B = gx.shape[0]!
    const gate = (from: number, to: number, x: Value) =>
      product(at, x, gatesOf(at, R, HID, from, to), rb && gatesOf(at, rb, HID, from, to))
    const make = (gh: Value, RESET: string) =>
      at.op('gru_cell', { gx, gh, h }, { ORDER: 'zrn', RESET }, { B, HID }, [B, HID], gx.type)
    if (after) return [make(product(at, h!, R, rb), 'after')]
    const zr = gate(0, 2, h!)
    const r = unary(at, 'sigmoid', add(at, part(at, gx, 1, HID, 2 * HID), part(at, zr, 1, HID, 2 * HID)))
    return [make(concatenated(at, [zr, gate(2, 3, mul(at, r, h!))], 1), 'before')]
  })
}

const rnn = (at: At): (Value | undefined)[] =>
  layer(at, 1, [5], ({ R, rb }, gx, [h]) => [unary(at, 'tanh', add(at, gx, product(at, h!, R, rb)))])

export const recurrent: Record<string, Mapping> = { LSTM: lstm, GRU: gru, RNN: rnn }
