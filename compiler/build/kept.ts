/** `--bits keep`: weights as the model's files hold them, and what a user is told of it. */
import { fail } from '../errors.js'
import { groupOf } from '../formats/formats.js'
import { canHold, widest } from '../formats/keep.js'
import type { ImportedModel, WeightSource } from '../import/index.js'
import type { Graph } from '../ir/graph.js'
import type { BuildOptions } from '../options.js'
import type { PrecisionOptions } from '../passes/precision.js'

/** Bits in effect: what was asked for; else a quantised file's own, as quantising twice loses twice; else 4. */
export function bitsOf(imported: ImportedModel, options: BuildOptions): NonNullable<BuildOptions['bits']> {
  const bits = options.bits ?? (options.group === undefined ? imported.bits : undefined) ?? 4
  if (bits === 'keep' && !imported.weights) fail('WGC245', [imported.name])
  return bits
}

/** Format of a weight by its sources. */
export function keptFormats(weights: WeightSource): NonNullable<PrecisionOptions['kept']> {
  return (sources) =>
    widest(sources.map((name) => weights.kept?.(name) ?? { format: 'f32', group: 1, how: 'requantised' }))
}

const HOW = {
  exact: 'with the same integers and scales',
  scales: 'with the same integers, its scales rounded to 16 bits',
  requantised: 'quantised anew from its values',
}

/** How each type of the model's files is stored, a line each, matrices alone; what is the same is not told. */
export function keptNotes(weights: WeightSource, graph: Graph): string[] {
  const notes = new Map<string, number>()
  for (const t of graph.tensors.values()) {
    const { format, group, sources } = t.weight ?? {}
    if (!format || !sources || t.shape.length < 2) continue
    for (const source of sources) {
      const kept = weights.kept?.(source)
      if (!kept || (kept.format === format && kept.how === 'exact' && group === undefined)) continue
      const taken = canHold(kept, format, groupOf(format, group))
      const how = group === undefined ? 'rounded' : HOW[taken ? kept.how : 'requantised']
      const groups = group === undefined ? '' : ` in groups of ${group}`
      const note = `${kept.type} is stored as ${format}${groups}, ${how}`
      notes.set(note, (notes.get(note) ?? 0) + 1)
    }
  }
  return [...notes].map(([note, count]) => `${note} (${count} ${count === 1 ? 'matrix' : 'matrices'})`)
}
