/**
 * `targets/workgroups.json`: shapes of workgroups by name, which a build may ask for and `wgc tune` measures, each with
 * what speaks for it; and why the default is what it is.
 */
import { fail } from '../errors.js'
import { any, count, list, map, object, type Shape, some, text } from '../shape.js'
import { readData } from '../targets.js'
import type { Params, WorkgroupRule } from './types.js'

export interface Evidence {
  /** The shape that a source tells of. */
  size?: number[] | undefined
  says: string
  /** Keys of `sources.json`. */
  source: string[]
}

export interface Workgroup {
  name: string
  title: string
  /** Targets, or kinds of models, that it was asked for. */
  wished: string[]
  /** What `@workgroup_size` says in kernels that take it. */
  size: [x: number, y: number, z: number]
  rules: Omit<WorkgroupRule, 'name'>[]
  evidence: Evidence[]
}

interface File {
  default: { title: string; why: string; evidence: Evidence[] }
  workgroups: Record<string, Omit<Workgroup, 'name'>>
}

const evidence = some(object<Evidence>({ says: text, source: some(text) }, { size: list(count) }))
const size: Shape<Workgroup['size']> = (v, at) => {
  const [x = 1, y = 1, z = 1] = some(count)(v, at)
  return [x, y, z]
}
const shape = object<File>(
  {
    default: object<File['default']>({ title: text, why: text, evidence }, {}),
    workgroups: map(
      object<Omit<Workgroup, 'name'>>(
        {
          ...{ title: text, wished: some(text), size, evidence },
          rules: some(
            object<Omit<WorkgroupRule, 'name'>>({ params: any as Shape<Params> }, { ops: some(text) }),
          ),
        },
        {},
      ),
    ),
  },
  {},
)

/** Why kernels have the workgroups that they have unless others are asked for. */
export const defaultWorkgroups = (folder?: string): File['default'] =>
  readData('workgroups.json', shape, folder).default

/** By name. Throws WGC411 where the file is not what it should be. */
export function loadWorkgroups(folder?: string): Map<string, Workgroup> {
  const { workgroups } = readData('workgroups.json', shape, folder)
  return new Map(Object.entries(workgroups).map(([name, rest]) => [name, { name, ...rest }]))
}

/** `8x16`, `8×16×1`, `256`: dimensions of one may be left out. */
const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll('×', 'x')
    .replace(/(x1)+$/, '')

/** Those of these names, each once. Throws WGC408 for an unknown one. */
export function resolveWorkgroups(names: readonly string[], known = loadWorkgroups()): Workgroup[] {
  const found = names.map(
    (name) =>
      [...known.values()].find((w) => plain(w.name) === plain(name)) ??
      fail('WGC408', [name, [...known.keys()]]),
  )
  return [...new Set(found)]
}

/** Their rules as selection takes them: in the order of the names, those for some operators before those for all. */
export function rulesOf(workgroups: readonly Workgroup[]): WorkgroupRule[] {
  const all = workgroups.flatMap(({ name, rules }) => rules.map((rule) => ({ name, ...rule })))
  return [...all.filter((r) => r.ops), ...all.filter((r) => !r.ops)]
}
