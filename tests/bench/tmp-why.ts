import { benchOf, manifestOf } from '../helpers/self-test.js'
import { checkTests } from '../../runtime/care/check-tests.js'
const folder = process.argv[2]!
for (const v of Object.values(manifestOf(folder).variants)) {
  const b = benchOf(folder, v)
  for (const t of b.file.tests) { try { checkTests({ tests: [t], untested: [] }, b.plan) } catch { console.log(JSON.stringify(t).slice(0, 600), b.plan.programs[t.program]!.dispatches[t.run.at(-1)![0]]!.label) ; break } }
}
