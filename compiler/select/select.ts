/**
 * (operator, facts, features, tuned table) → template and parameters. The one place where it is decided.
 */
import { fail } from '../errors.js'
import { expression } from '../ir/facts.js'
import type { Attr } from '../ir/graph.js'
import {
  type Ast,
  decide,
  evaluateExpression,
  inDomain,
  printDomain,
  printExpression,
} from '../specialize/index.js'
import type { TemplateHead } from './templates.js'
import type { Choice, KernelTarget, Params, TuningRule, WorkgroupRule } from './types.js'

/** The parameter that a feature decides, and what it makes of it, by template language. */
export const featureParams: Record<KernelTarget['language'], Record<string, [name: string, on: Attr]>> = {
  wgsl: {
    'shader-f16': ['E', 'f16'],
    subgroups: ['SUBGROUPS', true],
    // Of the language: dot4I8Packed and its like.
    packed_4x8_integer_dot_product: ['DOT4', true],
    'chromium-experimental-subgroup-matrix': ['MATRIX', true],
  },
  c: { simd128: ['SCALAR', false], 'relaxed-simd': ['RELAXED', true] },
}

/** Every parameter that features decide, on or off. */
function featureValues({ language, features }: KernelTarget): Params {
  return Object.fromEntries(
    Object.entries(featureParams[language]).map(([feature, [name, on]]) => {
      return [name, features.includes(feature) ? on : typeof on === 'boolean' ? !on : 'f32']
    }),
  )
}

const isOn = (name: string, value: Attr, { language }: KernelTarget) =>
  Object.values(featureParams[language]).some(([param, on]) => param === name && on === value)

/** Parameters of a template at these facts, or why it can't be used. */
export function tryTemplate(
  template: TemplateHead,
  facts: Params,
  tuned: Params,
  target: KernelTarget,
  moving: ReadonlySet<string> = new Set(),
): Params | string {
  const features = featureValues(target)
  const params: Params = {}
  for (const param of template.params) {
    const { name } = param
    const value = features[name] ?? facts[name] ?? tuned[name]
    // A C text can't change from step to step.
    if (target.language === 'c' && moving.has(name)) return `${name} is known only when a step runs`
    if (value === undefined) params[name] = param.default
    else if (inDomain(param.domain, value)) params[name] = value
    // A feature that the template has no use for stays off; one that it needs, or a fact that it can't take,
    // rules it out.
    else if (name in features && isOn(name, value, target)) params[name] = param.default
    else return `${name} = ${value} is not one of ${printDomain(param.domain)}`
  }
  const env = { ...facts, ...params }
  const unmet = template.front.needs.find(
    (need) => evaluateExpression(need, env) !== true || !lasting(need, env, moving),
  )
  return unmet ? `needs ${printExpression(unmet)}` : params
}

/** A bound that holds for the largest value of a size: an upper one holds for all, a lower one says what pays. */
const isBound = (need: Ast): boolean => need.kind === 'binary' && ['<=', '<', '>', '>='].includes(need.op)

/** Whether a condition that holds for the largest sizes does for those of every step. */
function lasting(need: Ast, env: Params, moving: ReadonlySet<string>): boolean {
  if (need.kind === 'binary' && need.op === '&&')
    return lasting(need.left, env, moving) && lasting(need.right, env, moving)
  if (need.kind === 'binary' && need.op === '||')
    return [need.left, need.right].some(
      (part) => evaluateExpression(part, env) === true && lasting(part, env, moving),
    )
  return isBound(need) || certain(need, env, moving)
}

/** Whether a condition holds whatever the sizes are that a step brings. */
function certain(need: Ast, env: Params, moving: ReadonlySet<string>): boolean {
  if (moving.size === 0) return true
  const known = Object.fromEntries(Object.entries(env).filter(([name]) => !moving.has(name)))
  return decide(need, known, (name) => moving.has(name)) === true
}

const holds = (rule: TuningRule, env: Params) =>
  rule.when === undefined || evaluateExpression(expression(rule.when), env) === true

/** Types that only conversions, and templates that a conversion is part of, make. */
const NARROW: readonly string[] = ['i8x4', 'i8x32', 'f16']

/** The narrow type that a template makes of its operator's f32 output, if it does. */
export const narrowOutput = ({ front }: TemplateHead): string | undefined =>
  front.op.outputs.find((p) => NARROW.includes(p.type))?.type

/** Whether an operator has a kernel that writes its f32 output in that type: nobody needs to convert it then. */
export const writesAs = (
  type: string,
  op: string,
  facts: Params,
  templates: TemplateHead[],
  target: KernelTarget,
  moving?: ReadonlySet<string>,
): boolean =>
  templates.some(
    (t) =>
      t.language === target.language &&
      t.front.op.name === op &&
      narrowOutput(t) === type &&
      typeof tryTemplate(t, facts, {}, target, moving) !== 'string',
  )

/** Whether a template is one to choose where `makes` is wanted; a conversion's own always are. */
const isWanted = (template: TemplateHead, makes: string | undefined, others: TemplateHead[]): boolean =>
  narrowOutput(template) === makes || (makes === undefined && others.every((t) => narrowOutput(t)))

/** Whether a template has all parameters of a workgroup, with such values. */
export const takesWorkgroup = (
  { front, params }: TemplateHead,
  { ops, params: own }: WorkgroupRule,
): boolean =>
  (ops?.includes(front.op.name) ?? true) &&
  Object.entries(own).every(([name, value]) =>
    params.some((p) => p.name === name && inDomain(p.domain, value)),
  )

/** A template's parameters in the first workgroup that it can take of those asked for, else as tuned. */
function inWorkgroup(
  template: TemplateHead,
  tuned: Params,
  rules: readonly WorkgroupRule[] = [],
  fit: (tuned: Params) => Params | string,
): { params: Params | string; workgroup?: string } {
  for (const rule of rules.filter((r) => takesWorkgroup(template, r))) {
    const params = fit({ ...tuned, ...rule.params })
    if (typeof params !== 'string') return { params, workgroup: rule.name }
  }
  return { params: fit(tuned) }
}

/**
 * The first tuned rule whose condition holds and whose template fits; else the first template that fits at its
 * defaults. `makes`: of those that make their output of this type. Throws WGC401 with every candidate's reason when nothing does.
 */
export function select(
  op: string,
  node: string,
  facts: Params,
  templates: TemplateHead[],
  target: KernelTarget,
  moving: ReadonlySet<string> = new Set(),
  makes?: string,
): Choice {
  const all = templates.filter((t) => t.language === target.language && t.front.op.name === op)
  const candidates = all.filter((t) => isWanted(t, makes, all))
  const env = { ...facts, ...featureValues(target) }
  const rules = target.tuning.filter((r) => r.op === op && holds(r, env))
  const attempts = [
    ...rules.map((r) => ({ name: r.template, tuned: r.params ?? {}, why: r.why })),
    ...candidates.map((t) => ({
      name: t.name,
      tuned: {},
      why: 'the first template that fits, at its defaults',
    })),
  ]
  const rejected: Choice['rejected'] = []
  for (const { name, tuned, why } of attempts) {
    const template = candidates.find((t) => t.name === name)
    const fit = (own: Params) => tryTemplate(template!, facts, own, target, moving)
    const { params, workgroup } = template
      ? inWorkgroup(template, tuned, target.workgroups, fit)
      : { params: 'no such template' }
    if (template && typeof params !== 'string') {
      const read = template.params.flatMap(({ name }) => (moving.has(name) ? [name] : []))
      const asked = workgroup !== undefined && { workgroup }
      return { template, params, ...(read.length > 0 && { moving: read }), why, ...asked, rejected }
    }
    rejected.push({ template: name, why: String(params) })
  }
  return fail('WGC401', [op, node, target.language, target.features, rejected])
}
