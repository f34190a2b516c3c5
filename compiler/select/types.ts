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

/** A shape of workgroups that was asked for: every kernel whose template has these parameters takes these values. */
export interface WorkgroupRule {
  /** Of the workgroup, in `targets/workgroups.json`. */
  name: string
  /** Operators that it is for. Absent: all. */
  ops?: string[] | undefined
  params: Params
}

/** What kernels may be made of: a language, what its features set, and the tuned table. */
export interface KernelTarget {
  language: 'wgsl' | 'c'
  features: string[]
  tuning: TuningRule[]
  /** Before what is tuned, the first that a template can take. */
  workgroups?: WorkgroupRule[] | undefined
}

/** A template at chosen parameters, and why. */
export interface Choice {
  template: TemplateHead
  params: Params
  /** Parameters whose value is known only when a step runs; `params` has their largest. */
  moving?: string[]
  why: string
  /** Name of the workgroup that was asked for, where the template could take it. */
  workgroup?: string
  /** Other templates of the operator, and what spoke against each. */
  rejected: { template: string; why: string }[]
}
