/** What browser-compat-data says of one thing in one browser, as a cell. Pure: the data is an argument. */
import type { Cell } from './types.js'
import { compareVersions } from './versions.js'

/** A statement of browser-compat-data, as far as it is read here. */
export interface Statement {
  version_added: string | boolean | null
  version_removed?: string | boolean | null
  partial_implementation?: boolean
  flags?: { name: string }[]
  alternative_name?: string
  prefix?: string
  notes?: string | string[]
}

export interface Release {
  status: string
  engine?: string
  engine_version?: string
}

const UNRELEASED = ['beta', 'nightly', 'planned']

const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim()

const notesOf = (statements: readonly Statement[]): string[] => [
  ...new Set(statements.flatMap((s) => [s.notes ?? []].flat().map(plain))),
]

/** The statements from the newest back to the first after which it was never missing. */
function unbroken(statements: readonly Statement[]): Statement[] {
  const found = statements.filter((s) => !s.version_removed).slice(0, 1)
  for (;;) {
    const added = found.at(-1)?.version_added
    const before = statements.find((s) => s.version_removed === added && !found.includes(s))
    if (!before) return found
    found.push(before)
  }
}

/** undefined where the data is silent. */
export function cellOf(
  statements: Statement | Statement[] | undefined,
  releases: Record<string, Release>,
): Cell | undefined {
  if (statements === undefined) return undefined
  const own = [statements].flat().filter((s) => !s.alternative_name && !s.prefix)
  const added = own.filter((s) => typeof s.version_added === 'string')
  const chain = unbroken(added.filter((s) => !s.flags))
  const [now] = chain
  if (!now) {
    const flagged = added.find((s) => s.flags && !s.version_removed)
    if (!flagged) return { state: own.some((s) => s.version_added === null) ? 'unknown' : 'no' }
    const notes = notesOf([flagged])
    return {
      ...{ state: 'flag', since: String(flagged.version_added), flag: flagged.flags![0]!.name },
      ...(notes.length > 0 && { notes }),
    }
  }
  const since = String(chain.at(-1)!.version_added)
  const full = String(now.version_added)
  const notes = notesOf(chain)
  const isPreview = since === 'preview' || UNRELEASED.includes(releases[since]?.status ?? '')
  return {
    state: isPreview ? 'preview' : now.partial_implementation ? 'partial' : 'yes',
    ...(since !== 'preview' && { since }),
    ...(full !== since && { full }),
    ...(notes.length > 0 && { notes }),
  }
}

/** `114` → `11.4`: the version of the engine alone, which that browser counts in tenths. */
const tenths = (version: string): string => version.replace('≤', '').replace(/(\d)$/, '.$1')

/** What a runtime with a browser's engine has, of which the data is silent: from the first release with that engine on. */
export function mirrored(cell: Cell, releases: Record<string, Release>, mirror: string): Cell {
  const wanted = cell.since !== undefined && cell.state !== 'flag' ? tenths(cell.since) : undefined
  const [since] = Object.keys(releases)
    .filter((r) => wanted && compareVersions(releases[r]!.engine_version ?? '0', wanted) >= 0)
    .sort(compareVersions)
  return since === undefined ? { state: 'no', mirror } : { state: 'yes', since, mirror }
}
