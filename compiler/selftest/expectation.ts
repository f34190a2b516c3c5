/** What a test expects of an output: some of its values, and sums in which every value counts. */
import { sampleOf, sumsOf } from '../../runtime/care/pattern.js'
import type { Area, Expectation } from '../../runtime/format.js'
import { KV_GROUP, kvStoreError } from '../formats/kv.js'
import type { KvType } from '../ir/graph.js'
import type { Facts, OpDef } from '../ops/types.js'

/** Values that are looked at one by one, and sums of all. */
const VALUES = 24
const SUMS = 8
/** Times an operator's own bound: functions of devices that no test has seen. And what no test need notice. */
const LENIENCE = 4
const LEAST = 1e-5
/** A number that is rounded to an integer the other way than here, as a part of the largest sum of products. */
const FLIPPED = 4e-3

/** Three figures: what is counted in it has as few as it can. */
const short = (x: number) => Number(x.toPrecision(3))

const largestOf = (values: Float64Array) => values.reduce((max, x) => Math.max(max, Math.abs(x)), 0)

/** What storing adds. */
function stored(type: Area['type'], made: Float64Array): number {
  if (type === 'f16') return largestOf(made) * 2 ** -10
  if (!['q8', 'q4', 'q3', 'q2'].includes(type)) return 0
  let most = 0
  for (let i = 0; i < made.length; i += KV_GROUP)
    most = Math.max(most, kvStoreError(type as KvType, made.subarray(i, i + KV_GROUP)))
  return most
}

/** `integers`: products are of activations that were rounded to integers. `facts`: with the template's parameters. */
export function expectation(
  area: Area,
  made: Float64Array,
  op: OpDef,
  facts: Facts,
  integers: boolean,
): Expectation {
  const chosen = sampleOf(made.length, VALUES).map((i) => made[i]!)
  if (area.type === 'u32') return { ...area, unit: 1, bound: 0, sumBound: 0, values: chosen, sums: [] }
  const { abs, rel } = op.tolerance(facts)
  const largest = largestOf(made)
  const own = Math.max(LENIENCE * (abs + rel * largest), LEAST * largest, 1e-30)
  const bound = short(own + stored(area.type, made) + (integers ? FLIPPED * largest : 0))
  const unit = short(bound / 2)
  const count = (x: number) => Math.round(x / unit)
  const sums = made.length > VALUES ? Array.from(sumsOf(made, SUMS), count) : []
  const sumBound = short(bound * Math.sqrt(made.length))
  return { ...area, unit, bound, sumBound, values: chosen.map(count), sums }
}
