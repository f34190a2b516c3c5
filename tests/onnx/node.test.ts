/**
 * ONNX's own backend node tests through wgc's operators, on Dawn with SwiftShader. `node-results.json` says what
 * becomes of each; write it anew by `WGC_ONNX=write npx vitest run tests/onnx/node.test.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { softwareDevice } from '../helpers/gpu.js'
import { haveCases, loadCases } from './cases.js'
import { isPassed, report, runCases } from './results.js'

const FILE = fileURLToPath(new URL('node-results.json', import.meta.url))

const passing = (cases: Record<string, string>) =>
  Object.fromEntries(Object.entries(cases).filter(([, outcome]) => isPassed(outcome)))

describe('ONNX node tests', async () => {
  const device = await softwareDevice()
  if (!haveCases) console.warn('SKIPPED: ../shared/onnx/node is not there; no ONNX node test is run')
  else if (!device) console.warn('SKIPPED: no SwiftShader driver; no ONNX node test is run')

  test.skipIf(!haveCases || !device)(
    'what is in reach passes, and is what node-results.json says',
    async () => {
      const cases = loadCases()
      const outcomes = await runCases(device as GPUDevice, cases)
      expect(outcomes.failed).toEqual({})
      if (process.env.WGC_ONNX === 'write') writeFileSync(FILE, report(cases, outcomes))
      const listed = JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Record<string, string> }
      expect(Object.keys(listed.cases)).toEqual(cases.map((c) => c.name))
      expect(passing(outcomes.cases), 'if more pass than before, write the list anew').toEqual(
        passing(listed.cases),
      )
    },
    600_000,
  )
})
