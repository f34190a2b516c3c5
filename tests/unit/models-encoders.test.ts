/** Encoders against what Hugging Face transformers computes from the same files. */
import { join } from 'node:path'
import { describe } from 'vitest'
import { goldenCase } from '../helpers/golden-case.js'
import { GOLDENS } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'

describe.skipIf(whyAbsent(GOLDENS)).each(['bert', 'clip', 'vit', 'xclip'])('%s', (name) =>
  goldenCase(join(GOLDENS, name), { backends: name === 'vit' ? ['wasm', 'wgpu', 'dawn'] : ['wasm', 'wgpu'] }),
)

/** What the others have not: rows of padding, images that patches don't fill, configs of one tower, heads. */
describe.each(['roberta', 'distilbert-class', 'clip-vision-proj'])('%s', (name) =>
  goldenCase(`tests/fixtures/models/${name}`),
)
