/** Every shape of every WGSL kernel passes Tint (Chromium's front end) and Naga (Firefox's). */
import { parseWgsl, validate } from 'naga-wasm'
import { expect, test } from 'vitest'
import { expandRaw } from '../../compiler/specialize/index.js'
import { tintErrors, validationDevice } from '../helpers/gpu.js'
import { allJobs, templates } from './wgsl-all.js'
import { codeOf } from './wgsl-jobs.js'

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
