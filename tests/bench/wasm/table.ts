/** Results as text: a line each while they come, and the table of them all. */
import { matrixBytes } from './matrix.js'
import { type Ceiling, GPU, type Peer, type Work } from './rows.js'

export interface EntryResult {
  peer: Peer
  how: string
  /** Median of the rounds, milliseconds a run, by part. */
  ms: Record<string, number>
  least: Record<string, number>
  most: Record<string, number>
}

export interface Result {
  work: Work
  threads: number
  entries: EntryResult[]
  /** GB/s or GFLOP/s. */
  ceiling: { kind: Ceiling; value: number } | undefined
}

const UNITS: Record<Ceiling, string> = { read: 'GB/s', madd: 'GFLOP/s' }

/** Of our time: GB/s of the weights as they are stored, or GFLOP/s. */
function speedOf(work: Work, kind: Ceiling, ms: number): number {
  if (work.kind === 'model') return 0
  return (kind === 'read' ? matrixBytes(work) : 2 * work.M * work.N * work.K) / ms / 1e6
}

const digits = (n: number): string => (n >= 100 ? n.toFixed(0) : n.toPrecision(3))

/** A peer's best entry for a part. */
function best({ entries }: Result, peer: Peer, part: string): EntryResult | undefined {
  const all = entries.filter((e) => e.peer === peer && e.ms[part] !== undefined)
  return all.sort((a, b) => a.ms[part]! - b.ms[part]!)[0]
}

export function summary(result: Result): string {
  const { work, threads, entries, ceiling } = result
  const lines = entries.flatMap(({ peer, how, ms, least, most }) =>
    Object.entries(ms).map(([part, t]) => {
      const speed = ceiling ? ` ${digits(speedOf(work, ceiling.kind, t))} ${UNITS[ceiling.kind]}` : ''
      const name = [peer, how, part].filter(Boolean).join(', ')
      return `    ${name.padEnd(40)} ${digits(t).padStart(8)} ms (${digits(least[part]!)} to ${digits(most[part]!)})${speed}`
    }),
  )
  const top = ceiling ? `, ceiling ${digits(ceiling.value)} ${UNITS[ceiling.kind]}` : ''
  return [
    `${work.name}, ${threads === GPU ? 'WebGPU' : `${threads} thread${threads > 1 ? 's' : ''}`}${top}`,
    ...lines,
  ].join('\n')
}

const PEERS: Peer[] = ['ort', 'tfjs', 'wllama']

/** A Markdown table: our milliseconds, what part of the ceiling that is, and the peers' with how far ahead we are. */
export function table(results: Result[]): string {
  const rows = results.flatMap((result) => {
    const { work, threads, ceiling } = result
    const parts = Object.keys(result.entries[0]?.ms ?? {})
    return parts.map((part) => {
      const ours = best(result, 'ours', part)?.ms[part]
      const named = part === 'run' ? work.name : `${work.name}, ${part}`
      const speed = ceiling && ours ? speedOf(work, ceiling.kind, ours) : undefined
      const share =
        speed && ceiling
          ? `${digits(speed)} ${UNITS[ceiling.kind]}, ${Math.round((100 * speed) / ceiling.value)} %`
          : ''
      const peers = PEERS.map((peer) => {
        const t = best(result, peer, part)?.ms[part]
        return t === undefined ? '' : `${digits(t)}${ours ? ` (×${digits(t / ours)})` : ''}`
      })
      return [
        named,
        threads === GPU ? 'WebGPU' : String(threads),
        ours === undefined ? '' : digits(ours),
        share,
        ...peers,
      ]
    })
  })
  const head = ['work', 'threads', 'wgc, ms', 'of the ceiling', 'onnxruntime-web', 'tfjs', 'wllama']
  return [head, head.map(() => '---'), ...rows].map((r) => `| ${r.join(' | ')} |`).join('\n')
}
