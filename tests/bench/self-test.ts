/**
 * What the self-tests of a bundle say and take here: `node tests/run.mjs tests/bench/self-test.ts FOLDER [variants that begin so]`.
 * On this machine's GPU with WGC_HARDWARE=1, else on SwiftShader.
 */
import { reportOf } from '../helpers/self-test-report.js'

const [folder = '', begin] = process.argv.slice(2)
for (const [id, lines] of Object.entries(await reportOf(folder, begin)))
  console.log([id, ...lines].join('\n  '))
process.exit(0)
