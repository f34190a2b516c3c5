/** Which layers see a window of positions alone. */
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'

const KINDS = ['full_attention', 'sliding_attention']

/** Whether each layer is a sliding one: as `layer_types` says, else by `rule`. WGC422 or WGC423 where it is wrong. */
export function slidingLayers(
  config: ConfigReader,
  family: string,
  layers: number,
  rule: (layer: number) => boolean,
): boolean[] {
  const types = config.strings('layer_types')
  if (types.length === 0) return Array.from({ length: layers }, (_, i) => rule(i))
  if (types.length !== layers)
    fail('WGC422', [`layer_types has ${types.length} entries for ${layers} layers`])
  const other = types.find((type) => !KINDS.includes(type))
  if (other !== undefined) fail('WGC423', [`a layer of type ${other}`, family])
  return types.map((type) => type === 'sliding_attention')
}

/** The window of each layer, of those that slide; 0: all positions. */
export const windowsOf = (config: ConfigReader, sliding: boolean[]): number[] => {
  const window = config.optionalInt('sliding_window', { min: 1 }) ?? 0
  return sliding.map((slides) => (slides ? window : 0))
}
