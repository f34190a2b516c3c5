/**
 * `npm run support`: writes `targets/support.json`, what each target's browser supports since when, from the npm
 * packages browser-compat-data and web-features. With `--check` it writes nothing and fails where the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { packageRoot } from '../root.js'
import { loadOverrides, loadWatched } from '../support/read.js'
import { type CompatData, type FeatureData, supportTable, supportText } from '../support/table.js'
import { loadTargets } from '../targets.js'

const COMPAT = '@mdn/browser-compat-data'
const FEATURES = 'web-features'

const file = () => join(packageRoot(), 'targets', 'support.json')

/** What the file should hold, from the packages that are installed: they are for developers of wgc, not users. */
export function supportFile(): string {
  const find = createRequire(import.meta.url).resolve
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
  const compat = find(COMPAT)
  const features = find(`${FEATURES}/data.json`)
  const version = (path: string): string => json(join(dirname(path), 'package.json')).version
  return supportText(
    supportTable(
      [...loadTargets().values()],
      loadWatched(),
      loadOverrides(),
      json(compat) as CompatData,
      json(features) as FeatureData,
      { [COMPAT]: version(compat), [FEATURES]: version(features) },
    ),
  )
}

if (process.argv[1]?.endsWith(join('generate', 'support.js'))) {
  const text = supportFile()
  const stale = readFileSync(file(), 'utf8') !== text
  if (process.argv.includes('--check')) {
    if (stale) console.error('targets/support.json is stale: run npm run support')
    process.exitCode = stale ? 1 : 0
  } else writeFileSync(file(), text)
}
