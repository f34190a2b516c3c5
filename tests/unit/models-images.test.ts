/** Models of texts and images against what Hugging Face transformers computes from the same files. */
import { join } from 'node:path'
import { describe } from 'vitest'
import { goldenCase } from '../helpers/golden-case.js'
import { GOLDENS } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'

describe.skipIf(whyAbsent(GOLDENS)).each(['llava', 'llava_next', 'qwen2_vl'])('%s', (name) =>
  goldenCase(join(GOLDENS, name)),
)
