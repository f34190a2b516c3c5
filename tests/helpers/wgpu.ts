/**
 * Models on wgpu, by Deno: its software driver (Mesa's) compiles a golden's kernels in a twentieth of the time that
 * Dawn's takes. One process for all of a test file.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GenerateOptions, Model, Tensor, TensorLike } from '../../runtime/index.js'
import { LAVAPIPE } from './gpu.js'
import { type Call, fromWire, type Reply, toWire } from './wgpu-wire.js'

export const DENO = 'node_modules/.bin/deno'

/** What wgpu needs and is not there. */
export const missingForWgpu = (): string[] => [DENO, LAVAPIPE].filter((file) => !existsSync(file))

/** What tests take of a model. */
export type Driven = Pick<Model, 'run' | 'generateIds' | 'destroy' | 'flow' | 'stats'>

/** Arguments and environment with which Deno runs a program of the tests, as it stands. */
export const denoRun = (script: URL, ...words: string[]) => ({
  args: [
    'run',
    '--unstable-webgpu',
    '--unstable-sloppy-imports',
    '-A',
    '--no-check',
    fileURLToPath(script),
    ...words,
  ],
  env: { ...process.env, VK_DRIVER_FILES: LAVAPIPE, NO_COLOR: '1' },
})

function start() {
  const { args, env } = denoRun(new URL('wgpu-models.ts', import.meta.url))
  const child = spawn(DENO, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  // It must not keep the tests alive.
  for (const part of [child, child.stdin, child.stdout, child.stderr] as { unref?: () => void }[])
    part.unref?.()
  process.once('exit', () => child.kill('SIGKILL'))
  const waiting: ((reply: Reply) => void)[] = []
  let said = ''
  let rest = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  child.stdout.on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) waiting.shift()?.(JSON.parse(line))
  })
  child.once('close', (code) => {
    for (const done of waiting.splice(0)) done({ error: `deno ended (${code}): ${said}` })
  })
  return async (call: Call): Promise<Reply> => {
    const reply = await new Promise<Reply>((done) => {
      waiting.push(done)
      child.stdin.write(`${JSON.stringify(call)}\n`)
    })
    if (reply.error) throw new Error(`wgpu: ${reply.error}`)
    return reply
  }
}

let ask: ReturnType<typeof start> | undefined
let count = 0

const tensor = ({ shape, data }: { shape: number[]; data: number[] }) =>
  ({ dtype: 'f32', shape, data: Float32Array.from(data) }) satisfies Tensor

/** A bundle's model on wgpu. */
export async function loadOnWgpu(folder: string): Promise<Driven> {
  ask ??= start()
  const call = ask
  const model = ++count
  const { flow } = await call({ do: 'load', model, folder: resolve(folder) })
  let stats: Model['stats']
  return {
    flow,
    get stats() {
      return stats
    },
    async run(inputs, { outputs } = {}) {
      const { tensors } = await call({
        do: 'run',
        model,
        inputs: toWire(inputs),
        ...(outputs && { outputs }),
      })
      const made = fromWire(tensors!) as Record<string, Parameters<typeof tensor>[0]>
      return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, tensor(value)]))
    },
    async *generateIds(
      prompt,
      { inputs, ...options }: GenerateOptions & { inputs?: Record<string, TensorLike> } = {},
    ) {
      const given = inputs ? { inputs: toWire(inputs) } : {}
      const reply = await call({
        do: 'generate',
        model,
        prompt: Array.from(prompt as number[]),
        options,
        ...given,
      })
      yield* reply.ids!
      stats = reply.stats
      return stats!
    },
    destroy: () => void call({ do: 'destroy', model }),
  }
}
