/** `wgc build --explain`: the graph, the chosen kernels and why, the arena map and bytes, as text. */
import type { Plan } from '../../runtime/format.js'
import { printGraph } from '../ir/print.js'
import { printSize } from '../ir/size.js'
import type { Arena } from '../passes/memory.js'
import type { Lowered, Step } from '../select/lower.js'

export interface Explained {
  variant: string
  programs: { name: string; lowered: Lowered; arena: Arena }[]
  plan: Plan
}

export const printBytes = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 2)} ${units[power]}`
}

/** Steps that run the same kernel at the same sizes are one line. */
function choices(steps: Step[]): string[] {
  const groups = new Map<string, { step: Step; count: number }>()
  for (const step of steps) {
    const params = Object.entries(step.choice.params).map(([k, v]) => `${k}=${v}`)
    const line = `${step.node.op} → ${step.choice.template.name} ${params.join(' ')}`
    groups.set(line, { step, count: (groups.get(line)?.count ?? 0) + 1 })
  }
  return [...groups].flatMap(([line, { step, count }]) => [
    `  ${count} × ${line}`,
    `      grid ${step.grid.map(printSize).join(' × ')}; ${step.choice.why}`,
    ...step.choice.rejected.map((r) => `      not ${r.template}: ${r.why}`),
  ])
}

/** One line a tensor in the order of offsets, with the operators between which it lives. */
function arenaMap(arena: Arena): string[] {
  const rows = [...arena.placements.values()].sort((a, b) => a.offset - b.offset || a.from - b.from)
  return rows.map(
    (p) => `  ${String(p.offset).padStart(10)} +${String(p.bytes).padEnd(10)} ${p.from}–${p.to} ${p.tensor}`,
  )
}

function explainVariant({ variant, programs, plan }: Explained): string {
  const sum = (kind: string) =>
    plan.buffers.filter((b) => b.kind === kind).reduce((bytes, b) => bytes + b.bytes, 0)
  return [
    `# ${variant}`,
    `weights ${printBytes(sum('weights'))} in ${plan.buffers.filter((b) => b.kind === 'weights').length} buffers, KV cache ${printBytes(sum('state'))}, ${plan.kernels.length} kernels`,
    ...programs.flatMap(({ name, lowered, arena }) => [
      '',
      `## ${name}: ${lowered.steps.length} dispatches`,
      ...choices(lowered.steps),
      `arena ${printBytes(arena.bytes)} (${printBytes(arena.unshared)} without sharing)`,
      ...arenaMap(arena),
    ]),
  ].join('\n')
}

export function explain(variants: Explained[]): string {
  const graphs = (variants[0]?.programs ?? []).map((p) => printGraph(p.lowered.graph))
  return [...graphs, ...variants.map(explainVariant)].join('\n\n')
}
