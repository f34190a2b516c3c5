/** A benchmark's report, for people. */
import type { Change } from '../bench/history.js'
import type { Metric } from '../bench/measure.js'
import type { BenchReport } from './bench-bundle.js'
import { bytes, indent, plural, table } from './output.js'

const SHOWN: Record<string, (n: number) => string> = {
  ms: (n) => (n < 10 ? `${n.toFixed(2)} ms` : `${n.toFixed(0)} ms`),
  µs: (n) => `${n.toFixed(0)} µs`,
  bytes,
}

const shown = (unit: string, n: number) =>
  SHOWN[unit]?.(n) ?? `${n < 100 ? n.toFixed(1) : n.toFixed(0)} ${unit}`

const cell = ({ unit, value, spread }: Metric) =>
  `${shown(unit, value)}${spread !== undefined && spread >= 0.01 ? ` ±${(100 * spread).toFixed(0)} %` : ''}`

export function reportText(r: BenchReport, changes: readonly Change[] | undefined): string[] {
  const names = [...new Set(r.results.flatMap((v) => v.metrics.map((m) => m.name)))]
  const programs = [...new Set(r.results.flatMap((v) => Object.keys(v.dispatches)))]
  const rows = [
    ['', ...r.results.map((v) => v.variant)],
    ...names.map((name) => [
      name,
      ...r.results.map((v) => v.metrics.filter((m) => m.name === name).map(cell)[0] ?? '-'),
    ]),
    ['dispatches', ...r.results.map((v) => programs.map((p) => `${p} ${v.dispatches[p] ?? '-'}`).join(', '))],
    ['threads', ...r.results.map((v) => String(Math.max(1, v.threads)))],
  ]
  return [
    `${r.model}, ${r.weights}: ${r.work}; medians of ${plural(r.rounds, 'round')}`,
    `${[...new Set([r.device, r.driver])].join(', ')}; ${r.host}; ${bytes(r.rss)} of this process`,
    ...indent(
      table(
        rows,
        r.results.map((_, i) => i + 1),
      ),
    ),
    ...r.refused.map((v) => `${v.variant} is left out: ${v.why}`),
    ...r.notes,
    ...(r.results.length > 1 && !r.results.some((v) => v.differs)
      ? ['all variants gave the same results']
      : []),
    ...(changes ? changesText(changes) : []),
  ]
}

function changesText(changes: readonly Change[]): string[] {
  if (changes.length === 0) return ['nothing to compare with: this is the first run on this device']
  return [
    'against the runs before, worse by (beyond what it varies by):',
    ...indent(
      table(
        changes.map((c) => [
          c.verdict,
          `${c.worse >= 1 ? '+' : ''}${(100 * (c.worse - 1)).toFixed(1)} %`,
          `±${(100 * c.noise).toFixed(0)} %`,
          `${shown(c.unit, c.before)} -> ${shown(c.unit, c.now)}`,
          `${c.engine}, ${c.name.split(': ').slice(1).join(': ')}`,
        ]),
        [1, 2],
      ),
    ),
  ]
}
