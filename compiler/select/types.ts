/** What selection takes and gives. */
import type { Attr } from '../ir/graph.js'
import type { TemplateHead } from './templates.js'

export type Params = Record<string, Attr>

/** A row of a tuned table: for operator `op`, when `when` holds of the facts, this template at these parameters. */
export interface TuningRule {
  op: string
  /** Expression over facts and features: `M == 1 && W != f32`. Absent: always. */
  when?: string
  template: string
  /** Tunable parameters; those not named keep the template's default. */
  params?: Params
  /** Evidence, shown by --explain. */
  why: string
}

/** What kernels may be made of: a language, what its features set, and the tuned table. */
export interface KernelTarget {
  language: 'wgsl' | 'c'
  features: string[]
  tuning: TuningRule[]
}

/** A template at chosen parameters, and why. */
export interface Choice {
  template: TemplateHead
  params: Params
  /** Parameters whose value is known only when a step runs; `params` has their largest. */
  moving?: string[]
  why: string
  /** Other templates of the operator, and what spoke against each. */
  rejected: { template: string; why: string }[]
}
