/** What a bundle is for. All of it is data in `targets/`; this file reads it, and finds a target by name. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine as EngineName } from '../runtime/format.js'
import { fail } from './errors.js'
import { nearest } from './import/nearest.js'
import { packageRoot } from './root.js'
import { map, oneOf, type Shape, text } from './shape.js'
import { classesShape, engineShape, targetShape } from './target-shapes.js'
import type { DeviceClasses, Engine, Target } from './target-types.js'

export type * from './target-types.js'

/** Files beside the targets that are none. */
const OTHERS = ['device-classes', 'overrides', 'sources', 'support', 'watched', 'workgroups'].map(
  (name) => `${name}.json`,
)

/** JSON files of a folder, in the order of their stems. */
const jsonIn = (folder: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort((a, b) => (a.slice(0, -5) < b.slice(0, -5) ? -1 : 1))

function read<T>(folder: string, file: string, shape: Shape<T>): T {
  const path = join(folder, file)
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e
    fail('WGC411', ['', `no JSON (${e.message})`, 'JSON'], { place: { file: path }, cause: e })
  }
  return shape(parsed, { file: path, path: '' })
}

const targetsFolder = () => join(packageRoot(), 'targets')

/** One of the files of `targets/`. Throws WGC411 where it is not of that shape. */
export const readData = <T>(file: string, shape: Shape<T>, folder = targetsFolder()): T =>
  read(folder, file, shape)

/** What the keys under `source` stand for. */
export const loadSources = (folder?: string): Record<string, string> =>
  readData('sources.json', map(text), folder)

export const loadDeviceClasses = (folder = targetsFolder()): DeviceClasses =>
  read(folder, 'device-classes.json', classesShape)

/** Engines by name. */
export function loadEngines(folder = targetsFolder()): Map<EngineName, Engine> {
  const inside = join(folder, 'engines')
  const engines = jsonIn(inside).map((file) => read(inside, file, engineShape))
  return new Map(engines.map((engine) => [engine.name, engine]))
}

let engines: Map<EngineName, Engine> | undefined

/** What wgc knows of an engine; read once. */
export function engineNamed(name: EngineName): Engine {
  engines ??= loadEngines()
  return engines.get(name) ?? fail('WGC901', [`targets/engines has no file for ${name}`])
}

let loaded: Map<string, Target> | undefined

/**
 * Every target by name, in alphabetical order.
 * @param folder of data files; wgc's own by default, which are read once
 * @throws WGC411 naming file and field when the data is not what the types above say
 */
export function loadTargets(folder?: string): Map<string, Target> {
  if (folder === undefined) {
    loaded ??= loadTargets(targetsFolder())
    return loaded
  }
  const shape = targetShape(loadEngines(folder), loadDeviceClasses(folder))
  const files = jsonIn(folder).filter((file) => !OTHERS.includes(file))
  const targets = files.map((file) => {
    const target = read(folder, file, shape)
    const named = oneOf(file.slice(0, -5))(target.name, { file: join(folder, file), path: 'name' })
    return [named, target] as const
  })
  return new Map(targets)
}

/**
 * The targets of a command line: names parted by commas, `all` for every browser.
 * @throws WGC410 for an unknown name, with the known ones and the nearest
 */
export function resolveTargets(names: string, targets = loadTargets()): Target[] {
  const wanted = names
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .flatMap((name) => {
      if (name === 'all') return [...targets.values()].filter((t) => t.kind === 'browser')
      return targets.get(name) ?? fail('WGC410', [name, [...targets.keys()], nearest(name, targets.keys())])
    })
  return [...new Set(wanted)]
}
