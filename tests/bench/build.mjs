/**
 * Time of `wgc build` as a user sees it, a whole process: cold (an empty cache) and warm (the same build again).
 *
 *     npm run build && node tests/bench/build.mjs [runs]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

const runs = Number(process.argv[2] ?? 5)
const MODEL = 'tests/fixtures/stories260K'
/** Limits of the project: seconds on 2 cores. */
const TARGETS = { cold: 5, warm: 0.5 }

const folder = mkdtempSync(join(tmpdir(), 'wgc-bench-'))
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

function build(bits, cache) {
  const args = ['dist/cli/main.js', 'build', '--model', MODEL, '--target', 'all', '--bits', bits]
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [
    ...args,
    '--out',
    join(folder, 'out'),
    '--cache',
    cache,
  ])
  if (status !== 0) throw new Error(String(stderr))
  return (performance.now() - start) / 1000
}

console.log(
  `${MODEL}, all targets, Node ${process.version}, ${cpus().length} cores, median of ${runs} [least, most] s`,
)
for (const bits of ['f32', 'f16', '8', '4']) {
  const times = { cold: [], warm: [] }
  for (let i = 0; i < runs; i++) {
    const cache = join(folder, `cache-${bits}-${i}`)
    times.cold.push(build(bits, cache))
    times.warm.push(build(bits, cache))
  }
  const shown = Object.entries(times).map(([name, list]) => {
    const range = [Math.min(...list), Math.max(...list)].map((s) => s.toFixed(2)).join(', ')
    return `${name} ${median(list).toFixed(2)} [${range}] of ${TARGETS[name]}`
  })
  console.log(`${bits.padEnd(4)} ${shown.join('   ')}`)
}
rmSync(folder, { recursive: true, force: true })
