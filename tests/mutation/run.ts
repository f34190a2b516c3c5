/**
 * How much the kernel tests notice: `node tests/run.mjs tests/mutation/run.ts [--count 200] [--seed 1] [--workers 2]
 * [--only softmax.wgsl] [--hung 120]`. Prints a line a mutant that nobody noticed, and the share that was caught.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { apply, choose, mutantsOf } from './mutants.js'
import type { Verdict } from './worker.js'

const ROOT = join('kernel-templates', 'wgsl')
const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string' },
    // Seconds, longer than any sound kernel's jobs take: a mutant that loops for ever is caught, too.
    hung: { type: 'string', default: '120' },
  },
})
const count = Number(options.count)

const sources = new Map(
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.wgsl') && (!options.only || options.only.split(',').includes(file)))
    .sort()
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]),
)
const all = [...sources].flatMap(([file, source]) => mutantsOf(file, source))
const queue = choose(all, all.length, Number(options.seed))
const verdicts: Verdict[] = []
const counted = () => verdicts.filter((v) => v.fate !== 'refused').length

function report(verdict: Verdict): void {
  verdicts.push(verdict)
  const { mutant, fate, by } = verdict
  const { file, line, from, to } = mutant
  const text = apply(sources.get(file)!, mutant).split('\n')[line - 1]!.trim()
  if (fate !== 'killed' && fate !== 'refused')
    console.log(`${fate}: ${file}:${line}: ${from} -> ${to}: ${text}`)
  else if (process.env.VERBOSE) console.log(`${fate}: ${file}:${line}: ${from} -> ${to}: ${by}`)
}

/** One process that judges mutants until there are enough; a hung one is replaced. */
function work(): Promise<void> {
  return new Promise((done) => {
    let child: ChildProcess
    let timer: NodeJS.Timeout | undefined
    const next = () => {
      const mutant = counted() < count ? queue.shift() : undefined
      if (!mutant) {
        child.removeAllListeners('exit')
        child.kill('SIGKILL')
        return done()
      }
      let answered = false
      const answer = (verdict: Verdict) => {
        if (answered) return
        answered = true
        clearTimeout(timer)
        child.removeAllListeners('message')
        child.removeAllListeners('exit')
        report(verdict)
      }
      child.once('message', (verdict: Verdict) => {
        answer(verdict)
        next()
      })
      const replace = (fate: 'killed' | 'hung', by: string) => {
        answer({ mutant, fate, by })
        child.kill('SIGKILL')
        start()
      }
      child.once('exit', () => replace('killed', 'the process died'))
      timer = setTimeout(() => replace('hung', ''), 1000 * Number(options.hung))
      child.send(mutant)
    }
    const start = () => {
      child = fork(fileURLToPath(new URL('worker.js', import.meta.url)))
      child.once('message', next)
    }
    start()
  })
}

await Promise.all(Array.from({ length: Number(options.workers) }, work))
const tally = (fate: Verdict['fate']) => verdicts.filter((v) => v.fate === fate).length
const caught = tally('killed') + tally('hung')
console.log(
  `${caught} of ${counted()} caught (${((100 * caught) / counted()).toFixed(1)} %, ${tally('hung')} by hanging), ${tally('survived')} survived, ` +
    `${tally('unreached')} unreached; ${tally('refused')} more were refused by a compiler; ${all.length} possible`,
)
process.exit(0)
