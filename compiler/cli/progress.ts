/** Progress on stderr: a bar where a person looks on, stages and their times under `--verbose`, else nothing. */
import type { Progress } from '../options.js'
import { seconds, tell } from './output.js'

export interface ProgressView {
  update(progress: Progress): void
  /** Clears the bar; must be called before anything else is printed. */
  stop(): void
}

const SILENT: ProgressView = { update: () => {}, stop: () => {} }

/** What people read for each stage of a build. */
const STAGES: Record<string, string> = {
  import: 'reading the model',
  kernels: 'specialising kernels',
  validate: 'validating kernels',
  'compile-c': 'compiling C to WebAssembly',
  weights: 'writing weights',
  write: 'writing the bundle',
  tune: 'measuring kernels',
  bench: 'measuring the model',
}

export async function progressView(verbose: boolean | undefined): Promise<ProgressView> {
  if (verbose) return stages()
  return process.stderr.isTTY ? bar() : SILENT
}

const textOf = ({ stage, what }: Progress): string =>
  `${STAGES[stage] ?? stage}${what === undefined ? '' : `: ${what}`}`

function stages(): ProgressView {
  const start = performance.now()
  let last: string | undefined
  return {
    update: (progress) => {
      const text = textOf(progress)
      if (text === last) return
      last = text
      tell(`wgc: ${seconds((performance.now() - start) / 1000)}: ${text}`)
    },
    stop: () => {},
  }
}

async function bar(): Promise<ProgressView> {
  const { SingleBar, Presets } = (await import('cli-progress')).default
  const format = '{bar} {percentage}% {stage}'
  const view = new SingleBar(
    { format, barsize: 24, clearOnComplete: true, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  )
  let running = false
  return {
    update: (progress) => {
      const { done, total } = progress
      const payload = { stage: textOf(progress) }
      if (!running) view.start(total, done, payload)
      running = true
      view.setTotal(total)
      view.update(done, payload)
    },
    stop: () => {
      if (running) view.stop()
      running = false
    },
  }
}
