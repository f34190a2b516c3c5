/**
 * WGSL kernels against the float64 references of their operators, on wgpu (in Deno) with lavapipe: every shape
 * without subgroups, those with f16 too.
 */
import { expect, test } from 'vitest'
import { missingForWgpu } from '../helpers/wgpu.js'
import { allJobs, needsMatrix } from './wgsl-all.js'
import { runOnWgpu } from './wgsl-run.js'

const missing = missingForWgpu()
if (missing.length > 0) console.warn(`SKIPPED: no ${missing}; WGSL kernels are not run on wgpu`)

/** Lavapipe compiles for minutes, where its cache on disk is empty. */
const TIMEOUT = 800_000

test.skipIf(missing.length > 0)(
  'kernels without subgroups',
  async () => {
    expect(await runOnWgpu(allJobs().filter((job) => !job.params.SUBGROUPS && !needsMatrix(job)))).toEqual([])
  },
  TIMEOUT,
)
