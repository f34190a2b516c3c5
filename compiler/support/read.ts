/** The files of `targets/` that say what browsers support. */
import { readData } from '../targets.js'
import {
  type Cell,
  type Overrides,
  overridesShape,
  type SupportTable,
  supportShape,
  type Watched,
  watchedShape,
} from './types.js'

/** Throws WGC411 naming file and field, as the others do, when a file is not what `types.ts` says. */
export const loadWatched = (folder?: string): Watched => readData('watched.json', watchedShape, folder)

export const loadOverrides = (folder?: string): Overrides =>
  readData('overrides.json', overridesShape, folder)

export const loadSupport = (folder?: string): SupportTable => readData('support.json', supportShape, folder)

/** What a target has of a thing; undefined where nobody watches it. */
export const cellIn = (table: SupportTable, target: string, id: string): Cell | undefined =>
  table.things.find((t) => t.id === id)?.support[target]
