// node .ci/summary.mjs REPORT.json STEP=EXITCODE…
// Says which tests failed or were skipped, then `N passed, N failed` of vitest's JSON report. A step that failed
// without a failed test to show for it (a test file that doesn't load, an unhandled error, the linter) counts as one.
import { readFileSync } from 'node:fs'

const [report, ...steps] = process.argv.slice(2)
let files = []
try {
  files = JSON.parse(readFileSync(report, 'utf8')).testResults
} catch (error) {
  console.log(`no test report: ${error.message}`)
}

const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })))
const named = (test) => `${test.file.replace(`${process.cwd()}/`, '')} > ${test.fullName}`
const passed = tests.filter((test) => test.status === 'passed')
const failed = tests.filter((test) => test.status === 'failed')
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed')

const failures = failed.map(named)
for (const file of files) {
  if (file.status === 'failed' && !failed.some((test) => test.file === file.name)) {
    failures.push(`${file.name.replace(`${process.cwd()}/`, '')}: ${file.message.split('\n')[0]}`)
  }
}
for (const step of steps) {
  const [name, code] = step.split('=')
  if (code !== '0' && (name !== 'npm test' || failures.length === 0))
    failures.push(`${name}: exit code ${code}`)
}

for (const test of skipped) console.log(`skipped: ${named(test)}`)
for (const failure of failures) console.log(`FAILED: ${failure}`)
console.log(`${passed.length} passed, ${failures.length} failed`)
process.exit(failures.length === 0 && passed.length > 0 ? 0 : 1)
