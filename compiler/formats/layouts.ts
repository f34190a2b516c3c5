/** The table of weight layouts, by name. */
import { fail } from '../errors.js'
import { cpuLayouts } from './layouts-cpu.js'
import { rowsLayout } from './layouts-rows.js'
import type { Layout } from './types.js'

export const layouts: ReadonlyMap<string, Layout> = new Map(
  [rowsLayout, ...cpuLayouts].map((layout) => [layout.name, layout]),
)

/** The layout of that name; an unknown one is a template's fault that selection should have caught. */
export function layoutNamed(name: string): Layout {
  return layouts.get(name) ?? fail('WGC901', [`no weight layout "${name}"`])
}
