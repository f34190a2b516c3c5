/** `--without shader-f16,subgroups`: what a run is to do without. */
import { InvalidArgumentError } from 'commander'
import { FEATURES, type FeatureName, type Switches } from '../../runtime/switches.js'
import { nearest } from '../import/nearest.js'
import { list } from './command.js'

const known = (name: string): name is FeatureName => (FEATURES as readonly string[]).includes(name)

/** Parser of the option, which may be given several times. */
export function features(text: string, before: FeatureName[] = []): FeatureName[] {
  return [
    ...before,
    ...list(text).map((name) => {
      if (known(name)) return name
      const near = nearest(name, FEATURES)
      throw new InvalidArgumentError(
        near.length ? `Did you mean ${near.join(' or ')}?` : `There is ${FEATURES.join(', ')}`,
      )
    }),
  ]
}

/** The runtime's switches for it. */
export const switchedOff = (names: readonly FeatureName[] = []): Pick<Switches, 'features'> =>
  names.length ? { features: Object.fromEntries(names.map((name) => [name, false])) } : {}
