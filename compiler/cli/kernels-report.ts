/** What `wgc kernels` tells of each template. */
import { join } from 'node:path'
import { fail } from '../errors.js'
import { nearest } from '../import/nearest.js'
import { packageRoot } from '../root.js'
import { featureParams } from '../select/select.js'
import {
  type Ast,
  inDomain,
  loadTemplates,
  type PortSig,
  printDomain,
  printExpression,
  type Template,
  type Value,
} from '../specialize/index.js'
import { resolveTargets, type Target } from '../targets.js'

export interface KernelReport {
  name: string
  language: Template['language']
  doc: string
  /** Signature of the operator. */
  op: string
  /** WGSL: workgroups in x, y, z. C: number of work items. */
  grid: string[]
  needs: string[]
  /** Weight port to the layout that it must be stored in, where that isn't `rows`. */
  layouts: Record<string, string>
  /** C: arguments in order. */
  args: string[]
  params: { name: string; domain: string; default: Value }[]
  /** Target to the sets of features that it is specialised for there, best first. */
  features?: Record<string, string[][]>
}

/** All templates, or those of one name. Throws WGC107 for an unknown template, WGC410 for an unknown target. */
export function kernelReports(name?: string, targetNames?: readonly string[]): KernelReport[] {
  const targets = targetNames && resolveTargets(targetNames.join(','))
  const all = loadTemplates(join(packageRoot(), 'kernel-templates'))
  const chosen = name === undefined ? all : all.filter((t) => t.name === name)
  if (chosen.length > 0) return chosen.map((t) => report(t, targets))
  const names = [...new Set(all.map((t) => t.name))]
  return fail('WGC107', ['template', name ?? '', names, nearest(name ?? '', names)])
}

function report(t: Template, targets: readonly Target[] | undefined): KernelReport {
  const { op, grid, needs, layouts, args, doc } = t.front
  const outputs = op.outputs.map(port)
  const result = outputs.length === 1 ? outputs[0] : `(${outputs.join(', ')})`
  return {
    ...{ name: t.name, language: t.language, doc },
    op: `${op.name}(${op.inputs.map(port).join(', ')}) -> ${result}`,
    grid: expressions(grid),
    needs: expressions(needs),
    ...{ layouts, args },
    params: t.params.map((p) => ({ name: p.name, domain: printDomain(p.domain), default: p.default })),
    ...(targets && {
      features: Object.fromEntries(targets.map((target) => [target.name, featureSets(t, target)])),
    }),
  }
}

const expressions = (list: readonly Ast[]) => list.map((e) => printExpression(e))

const port = ({ name, type, shape, optional }: PortSig) =>
  `${name}${optional ? '?' : ''}: ${type}${shape.length ? `[${expressions(shape).join(', ')}]` : ''}`

/** The target's sets of features, each without what the template has no parameter for. */
function featureSets(t: Template, { webgpu, wasm }: Target): string[][] {
  const takes = (feature: string) => {
    const [name, on] = featureParams[t.language][feature] ?? []
    return t.params.some((p) => p.name === name && inDomain(p.domain, on!))
  }
  const sets = (t.language === 'wgsl' ? webgpu : wasm).featureSets.map((set) => set.filter(takes))
  return [...new Map(sets.map((set) => [set.join(), set])).values()]
}
