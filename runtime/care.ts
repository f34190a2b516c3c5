/**
 * What keeps a model right and alive on devices of all kinds: a file of its own beside the runtime, fetched while the
 * manifest is.
 */

export { keepAlive } from './care/adapt.js'
export { lanes } from './care/lanes.js'
export { openBest } from './care/open-best.js'
export { parts } from './care/parts.js'
export {
  defaultStore,
  memoryStore,
  type RecordStore,
  type Remembered,
  readRecord,
  recordKey,
  writeRecord,
} from './care/record.js'
export { steady } from './care/steady.js'
export { checkManifest, checkPlan } from './check.js'
