/** What is done to every sum of a product, done where the sum is: biases, activations, residuals, batch norms. */
import type { Graph, Node, Tensor } from '../../../ir/graph.js'
import { activationNames } from '../../../ops/activations.js'
import { makers, onlyUser, replaceNodes, users } from '../../../passes/rewrite.js'
import type { Stored } from '../emitter.js'
import { derived } from '../late.js'

/** `stored`: what the graph's weights hold; a fusion may add some. */
export type Weights = Map<string, Stored>

/** A node and the one that alone reads it, made one; undefined where they don't fit. */
type Join = (maker: Node, user: Node, graph: Graph, weights: Weights) => Partial<Node> | undefined

/** The other operand of a binary operator. */
const other = (user: Node, maker: Node): string | undefined =>
  user.inputs.a === maker.outputs.y ? user.inputs.b : user.inputs.a

const plainSums = ({ attrs }: Node): boolean => attrs.EPI === 'none' && attrs.ACT === 'none'

const values = (graph: Graph, name: string | undefined): Float32Array | undefined => {
  const t = graph.tensors.get(name ?? '')
  return t?.kind === 'const' ? t.data : undefined
}

/** linear + a row, which one row of results may be as well. */
const bias: Join = (maker, user, graph) => {
  const { op, attrs, sizes = {}, inputs } = maker
  const isRow = user.attrs.BCAST === true ? user.inputs.a === maker.outputs.y : sizes.M === 1
  if (op !== 'linear' || user.op !== 'binary' || user.attrs.OP !== 'add' || !isRow) return
  const b = graph.tensors.get(other(user, maker) ?? '')
  const row = user.attrs.BCAST === true ? user.sizes?.D : sizes.N
  const fits = row === sizes.N && attrs.LDY === sizes.N
  const plain = attrs.EPI === 'none' && (attrs.ACT ?? 'none') === 'none' && attrs.BIAS !== true
  if (!fits || !plain || (b?.kind !== 'const' && b?.kind !== 'weight')) return
  return { inputs: { ...inputs, b: b.name }, attrs: { ...attrs, BIAS: true } }
}

const withActivation = ['linear', 'conv2d', 'conv_transpose2d', 'scale_shift', 'groupnorm']

/** A function of each result. */
const activation: Join = (maker, user) => {
  const ACT = String(user.attrs.OP)
  const fits =
    withActivation.includes(maker.op) && user.op === 'unary' && activationNames.includes(ACT as never)
  const { EPI = 'none', ACT: own = 'none' } = maker.attrs
  if (!fits || own !== 'none') return
  if (EPI === 'none') return { attrs: { ...maker.attrs, ACT } }
  return maker.op === 'conv2d' && EPI === 'add'
    ? { attrs: { ...maker.attrs, ACT, EPI: 'add_act' } }
    : undefined
}

/** A product + a tensor as large as its own. Constants are bound to be read alone, and r is bound to be written. */
const residual: Join = (maker, user, graph) => {
  const { op, attrs, sizes = {}, inputs } = maker
  if (user.op !== 'binary' || user.attrs.OP !== 'add' || user.attrs.BCAST === true) return
  if (op !== 'conv2d' && !(op === 'linear' && attrs.LDY === sizes.N)) return
  const r = other(user, maker)
  const kind = graph.tensors.get(r ?? '')?.kind
  if (attrs.EPI !== 'none' || r === undefined || r === maker.outputs.y) return
  if (kind === 'const' || kind === 'weight') return
  return { inputs: { ...inputs, r }, attrs: { ...attrs, EPI: 'add' } }
}

/** A batch norm whose statistics stand is part of the convolution before it: w scale, b scale + shift. */
const batchNorm: Join = (maker, user, graph, weights) => {
  if (maker.op !== 'conv2d' || user.op !== 'scale_shift' || !plainSums(maker)) return
  const [scale, shift] = [values(graph, user.inputs.scale), values(graph, user.inputs.shift)]
  const old = maker.attrs.BIAS === true ? values(graph, maker.inputs.b) : undefined
  const w = graph.tensors.get(maker.inputs.w ?? '')
  const held = weights.get(w?.name ?? '')
  if (!scale || !shift || !w?.weight || !held || (maker.attrs.BIAS === true && !old)) return
  const [rows, columns] = w.shape as [number, number]
  if (scale.length !== rows) return
  const name = `${w.name}.${maker.name}`
  const make = () => {
    const from = 'data' in held ? held.data : held.late.make()
    return Float64Array.from(from, (v, i) => v * scale[Math.floor(i / columns)]!)
  }
  const folded: Stored =
    'data' in held ? { data: make() } : { late: derived(rows * columns, [held.late], make) }
  weights.set(name, folded)
  const weight: Tensor = {
    ...w,
    name,
    weight: { ...w.weight, sources: [name] },
    ...('data' in folded && { data: Float32Array.from(folded.data) }),
  }
  const sums: Tensor = {
    ...{ name: `${name}.bias`, kind: 'const', dtype: 'f32', shape: [rows] },
    data: Float32Array.from(shift, (s, i) => s + (old?.[i] ?? 0) * scale[i]!),
  }
  for (const t of [weight, sums]) graph.tensors.set(t.name, t)
  const inputs = { ...maker.inputs, w: name, b: sums.name }
  return { inputs, attrs: { ...maker.attrs, BIAS: true, ACT: user.attrs.ACT ?? 'none' } }
}

const joins: Join[] = [bias, batchNorm, activation, residual]

/**
 * Joins nodes until none fits any more: each takes its user's place, where all that it reads is made.
 * @param stored what the graph's weights hold
 */
export function fuseEpilogues(graph: Graph, stored: Weights): Graph {
  let g = graph
  for (let changed = true; changed; ) {
    changed = false
    const [uses, made] = [users(g), makers(g)]
    const changes = new Map<Node, Node[]>()
    const touched = new Set<Node>()
    for (const user of g.nodes)
      for (const operand of new Set(Object.values(user.inputs))) {
        const maker = made.get(operand)
        if (!maker || touched.has(maker) || touched.has(user) || onlyUser(g, uses, operand) !== user) continue
        for (const join of joins) {
          const joined = join(maker, user, g, stored)
          if (!joined) continue
          changes.set(maker, []).set(user, [{ ...maker, ...joined, outputs: { ...user.outputs } }])
          touched.add(maker).add(user)
          break
        }
      }
    if (changes.size > 0) {
      g = replaceNodes(g, changes)
      changed = true
    }
  }
  return g
}
