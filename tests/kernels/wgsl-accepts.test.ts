/** Every shape of every WGSL kernel passes Tint (Chromium's front end) and Naga (Firefox's). */
import { parseWgsl, validate } from 'naga-wasm'
import { expect, test } from 'vitest'
import { expandRaw } from '../../compiler/specialize/index.js'
import { reflect } from '../../compiler/validate/reflect.js'
import { tintErrors, validationDevice } from '../helpers/gpu.js'
import { allJobs, needsMatrix, templates } from './wgsl-all.js'
import { codeOf } from './wgsl-jobs.js'
import { runOnDawn } from './wgsl-run.js'

/** Texts by what they are of; the same text once. */
const kernels = new Map(allJobs().map((job) => [codeOf(job), job.label]))
for (const template of templates) kernels.set(expandRaw(template), `${template.name} as it stands`)

test('Tint takes them', async () => {
  const device = await validationDevice()
  const refused: string[] = []
  for (const [code, label] of kernels)
    for (const error of await tintErrors(device, code)) refused.push(`${label}: ${error}`)
  expect(refused).toEqual([])
})

test('Naga takes those without subgroups and their matrices, which it does not know', () => {
  const refused: string[] = []
  for (const [code, label] of kernels) {
    if (/enable (subgroups|chromium_experimental_subgroup_matrix)/.test(code)) continue
    try {
      validate(parseWgsl(code))
    } catch (error) {
      refused.push(`${label}: ${error}`)
    }
  }
  expect(refused).toEqual([])
})

/** The null backend's largest subgroup, of which workgroups of matrices must be whole. */
const LARGEST_SUBGROUP = 128

test('Dawn takes dispatches of matrices: bindings must hold whole ones', async () => {
  const device = await validationDevice()
  const jobs = allJobs().filter((job) => {
    if (!needsMatrix(job)) return false
    const { workgroupBytes, workgroupSize } = reflect(codeOf(job), job.template.name)
    const fits = workgroupBytes <= device.limits.maxComputeWorkgroupStorageSize
    return fits && workgroupSize[0] % LARGEST_SUBGROUP === 0
  })
  // Refused ones throw; of the rest nothing is computed.
  await runOnDawn(device, jobs)
})
