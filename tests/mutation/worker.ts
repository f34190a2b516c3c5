/**
 * One mutant after another, sent by the parent: the jobs of the variants table whose kernel text the mutant changes
 * run on Dawn until one fails.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTemplate, type Template } from '../../compiler/specialize/index.js'
import { hardwareDevice, softwareDevice } from '../helpers/gpu.js'
import { allJobs, hasMatrix, needsF16, needsMatrix, templates } from '../kernels/wgsl-all.js'
import { codeOf, type Job } from '../kernels/wgsl-jobs.js'
import { runOnDawn } from '../kernels/wgsl-run.js'
import { apply, type Mutant } from './mutants.js'

/**
 * killed: a test noticed.  hung: it took longer than any sound kernel.  refused: no compiler took it, so it is no mutant.  survived: nobody noticed.
 * unreached: no test's kernel holds the line.
 */
export interface Verdict {
  mutant: Mutant
  fate: 'killed' | 'hung' | 'refused' | 'survived' | 'unreached'
  by?: string
}

const ROOT = join('kernel-templates', 'wgsl')

/** `WGC_HARDWARE=1`: on the machine's GPU, with halves; else in software. */
const hardware = process.env.WGC_HARDWARE !== undefined
const gpu = hardware ? await hardwareDevice() : undefined
const device = hardware ? gpu?.device : await softwareDevice()
if (!device) throw new Error('no Vulkan driver')
const runs = (job: Job) =>
  needsMatrix(job) ? gpu !== undefined && hasMatrix(job, gpu.info) : hardware || !needsF16(job)
const jobs = allJobs().filter(runs)
const texts = new Map(jobs.map((job) => [job, codeOf(job)]))

const uses = (template: Template, file: string) =>
  template.file === join(ROOT, file) || template.includes.has(file)

function mutated(template: Template, mutant: Mutant): Template {
  const read = (path: string) => {
    const source = readFileSync(join(ROOT, path), 'utf8')
    return path === mutant.file ? apply(source, mutant) : source
  }
  return parseTemplate(template.file, read(template.file.slice(ROOT.length + 1)), read)
}

/** The jobs whose text changes, changed; the same text and case once. */
function changedJobs(mutant: Mutant): Job[] {
  return templates
    .filter((template) => uses(template, mutant.file))
    .flatMap((template) => {
      const changed = mutated(template, mutant)
      return jobs
        .filter((job) => job.template === template)
        .flatMap((job) => {
          const other = { ...job, template: changed }
          return codeOf(other) === texts.get(job) ? [] : [other]
        })
    })
}

/** A few at first: most mutants die at once. */
const PORTIONS = [4, 12, 40]

async function judge(mutant: Mutant): Promise<Verdict> {
  let left: Job[]
  try {
    left = changedJobs(mutant)
  } catch (error) {
    return { mutant, fate: 'refused', by: String(error).slice(0, 200) }
  }
  if (left.length === 0) return { mutant, fate: 'unreached' }
  for (let i = 0; left.length > 0; i++) {
    const size = PORTIONS[Math.min(i, PORTIONS.length - 1)]!
    try {
      const faults = await runOnDawn(device as GPUDevice, left.slice(0, size))
      if (faults.length > 0) return { mutant, fate: 'killed', by: faults[0]!.slice(0, 200) }
    } catch (error) {
      return { mutant, fate: 'refused', by: String(error).slice(0, 200) }
    }
    left = left.slice(size)
  }
  return { mutant, fate: 'survived' }
}

process.on('message', async (mutant: Mutant) => {
  process.send!(await judge(mutant))
})
process.send!('ready')
