/**
 * The pipeline: a flat list of named passes, each a pure function from graph to graph. `--dump=<pass>` prints
 * the graph after any of them; it is verified before and after each.
 */
import type { Graph } from '../ir/graph.js'
import { fuseAct } from './fuse-act.js'
import { fuseAddNorm } from './fuse-add-norm.js'
import { fuseGlu } from './fuse-glu.js'
import { fuseNorm } from './fuse-norm.js'
import { fuseQkv } from './fuse-qkv.js'
import { fuseResidual } from './fuse-residual.js'
import { fuseRope } from './fuse-rope.js'
import { type KvType, kvCache } from './kv-cache.js'
import { normLinear, type PrologueOptions } from './norm-linear.js'
import { pairEmbeds } from './pair-embeds.js'
import { type PrecisionOptions, precision } from './precision.js'
import { ropeSplit } from './rope-split.js'
import { type SplitOptions, splitWeights } from './split.js'
import { type SplitKvOptions, splitKv } from './split-kv.js'

export interface PassOptions extends SplitOptions, SplitKvOptions, PrologueOptions, PrecisionOptions {
  /** Combine operators into fused ones. Off, every operator runs by itself: slower, the same answer. */
  fuse: boolean
  kv: KvType
}

export interface Pass {
  name: string
  /** A pass that only makes things faster; `fuse: false` leaves it out. */
  optional?: boolean
  run(graph: Graph, options: PassOptions): Graph
}

export const passes: Pass[] = [
  { name: 'fuse-norm', optional: true, run: fuseNorm },
  { name: 'fuse-rope', optional: true, run: fuseRope },
  { name: 'fuse-qkv', optional: true, run: fuseQkv },
  { name: 'fuse-glu', optional: true, run: fuseGlu },
  { name: 'fuse-act', optional: true, run: fuseAct },
  { name: 'fuse-residual', optional: true, run: fuseResidual },
  { name: 'fuse-add-norm', optional: true, run: fuseAddNorm },
  { name: 'norm-linear', optional: true, run: normLinear },
  { name: 'precision', run: precision },
  { name: 'kv-cache', run: kvCache },
  { name: 'split-kv', optional: true, run: splitKv },
  { name: 'rope-split', optional: true, run: ropeSplit },
  { name: 'split-weights', run: splitWeights },
  { name: 'pair-embeds', optional: true, run: pairEmbeds },
]
