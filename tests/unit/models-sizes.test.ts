/** Models whose sizes are known only when a step runs, against what Hugging Face transformers computes. */
import { join } from 'node:path'
import { describe } from 'vitest'
import { type GoldenOptions, goldenCase } from '../helpers/golden-case.js'
import { GOLDENS, type Values } from '../helpers/goldens.js'
import { graphCase } from '../helpers/graph-case.js'
import { whyAbsent } from '../helpers/models.js'

/** The first so many of a signal of one. */
const shorter =
  (count: number): NonNullable<GoldenOptions['again']> =>
  (inputs) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]): [string, Values] => [
        name,
        { shape: [...shape.slice(0, -1), count], data: data.slice(0, count) },
      ]),
    )

const again: Record<string, NonNullable<GoldenOptions['again']>> = {
  wav2vec2: shorter(733),
  // Fewer frames than what is mirrored at an end.
  encodec: shorter(2),
}

describe.skipIf(whyAbsent(GOLDENS)).each(Object.keys(again))('%s', (name) =>
  goldenCase(join(GOLDENS, name), { again: again[name]! }),
)

// Made with transformers 5.17 and torch 2.11 from random weights: other forms of the same families.
describe.each(['wav2vec2-layer'])('%s', (name) => graphCase(join('tests/fixtures/models', name)))
