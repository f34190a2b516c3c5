import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, in that order. Begun last, one of them would run by itself for minutes. */
const LONG = [
  'kernels/wgsl-wgpu',
  'browsers/generate',
  'kernels/wgsl-dawn',
  'unit/models-sizes',
  'unit/models-decoders',
  'unit/models-encdec',
  'browsers/models',
  'unit/models-encoders',
  'unit/models-images',
  'unit/cli-low-bits',
  'kernels/c-more',
  'browsers/books',
  'kernels/wgsl-accepts',
  'onnx/node',
  'browsers/perplexity',
  'browsers/self-test',
  'browsers/switches',
  'unit/runtime-recover-states',
  'unit/shrink',
]

const place = ({ moduleId }: TestSpecification): number => {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
  return at < 0 ? LONG.length : at
}

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return [...(await super.sort(files))].sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn and the C compiler hold native or very large state: one process a file, not threads.
    pool: 'forks',
    // By default one core is left to the terminal; half the tests wait for other processes.
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
  },
})
