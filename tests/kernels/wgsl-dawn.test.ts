/**
 * WGSL kernels against the float64 references of their operators, on Dawn with SwiftShader: every shape with
 * subgroups (of 4; half of those with a norm in front), and a part of those without, which wgpu runs in full.
 */
import { describe, expect, test } from 'vitest'
import { softwareDevice } from '../helpers/gpu.js'
import { allJobs, needsF16, needsMatrix, templates } from './wgsl-all.js'
import { runOnDawn } from './wgsl-run.js'

const jobs = allJobs().filter((job) => !needsF16(job) && !needsMatrix(job))
const portable = jobs.filter((job) => !job.params.SUBGROUPS)
/** SwiftShader takes a second for a large kernel. */
const PART = 20
/** Norms in front of products, which all run on wgpu without subgroups. */
const NORMED = /^norm_/
const TIMEOUT = 400_000

describe('on Dawn', async () => {
  const device = await softwareDevice()
  if (!device) console.warn('SKIPPED: no SwiftShader driver; WGSL kernels are not run on Dawn')

  const names = templates.filter((t) => t.params.some((p) => p.name === 'SUBGROUPS')).map((t) => t.name)
  test.skipIf(!device).each(names)(
    '%s with subgroups',
    async (name) => {
      const own = jobs.filter((job) => job.params.SUBGROUPS === true && job.template.name === name)
      const chosen = own.filter((_, i) => i % (NORMED.test(name) ? 2 : 1) === 0)
      expect(await runOnDawn(device as GPUDevice, chosen)).toEqual([])
    },
    TIMEOUT,
  )

  test.skipIf(!device)(
    'without subgroups',
    async () => {
      const chosen = portable.filter((_, i) => i % PART === 0)
      expect(await runOnDawn(device as GPUDevice, chosen)).toEqual([])
    },
    TIMEOUT,
  )
})
