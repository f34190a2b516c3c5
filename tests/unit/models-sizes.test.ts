/** Models whose sizes are known only when a step runs, against what Hugging Face transformers computes. */
import { join } from 'node:path'
import { describe } from 'vitest'
import { type GoldenOptions, goldenCase } from '../helpers/golden-case.js'
import { GOLDENS, type Values } from '../helpers/goldens.js'
import { graphCase } from '../helpers/graph-case.js'
import { whyAbsent } from '../helpers/models.js'

/** As many values from the front as other shapes have. */
const cut =
  (shapes: Record<string, number[]>): NonNullable<GoldenOptions['again']> =>
  (inputs) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]): [string, Values] => {
        const other = shapes[name] ?? shape
        return [
          name,
          {
            shape: other,
            data: data.slice(
              0,
              other.reduce((n, d) => n * d, 1),
            ),
          },
        ]
      }),
    )

const again: Record<string, NonNullable<GoldenOptions['again']>> = {
  wav2vec2: cut({ input_values: [1, 733] }),
  // Fewer frames than what is mirrored at an end.
  encodec: cut({ audio_codes: [1, 1, 1, 2] }),
  // Another of its programs: an image wider than the first takes.
  detr: cut({ pixel_values: [1, 3, 20, 600] }),
  clap: cut({ input_features: [1, 1, 91, 32], input_ids: [2, 5] }),
}

describe.skipIf(whyAbsent(GOLDENS)).each(Object.keys(again))('%s', (name) =>
  goldenCase(join(GOLDENS, name), { again: again[name]! }),
)

// Made with transformers 5.17 and torch 2.11 from random weights: other forms of the same families.
describe.each(['wav2vec2-layer'])('%s', (name) => graphCase(join('tests/fixtures/models', name)))
