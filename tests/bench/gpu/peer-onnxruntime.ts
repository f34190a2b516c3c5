/**
 * onnxruntime-node on WebGPU in a process of its own, which chain.ts starts: two Dawns in one process might meet. Told
 * `{ open: ChainSpec }` and `{ run: [rows, warmMs] }`; answers milliseconds of each run, or why not.
 */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { type ChainSpec, chainFile } from '../wasm/onnx.js'

interface Session {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: ArrayLike<number> }>>
  release?(): Promise<void>
}
interface Ort {
  InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> }
  Tensor: new (type: string, data: unknown, dims: number[]) => unknown
}

export type Asked = { open: ChainSpec[] } | { run: [rows: number, warmMs: number] }

const ort = createRequire(join(resolve('tests/bench/peers'), 'package.json'))('onnxruntime-node') as Ort
let opened: { spec: ChainSpec; session: Session }[] = []

async function open(specs: ChainSpec[]): Promise<string> {
  for (const { session } of opened) await session.release?.()
  opened = []
  for (const spec of specs) {
    const options = { executionProviders: ['webgpu'], graphOptimizationLevel: 'all', logSeverityLevel: 3 }
    opened.push({ spec, session: await ort.InferenceSession.create(chainFile(spec), options) })
  }
  return 'open'
}

/** Milliseconds of a run of each session, after others that last `warmMs`. */
async function run(rows: number, warmMs: number): Promise<number[]> {
  const once = async ({ spec, session }: (typeof opened)[number]) => {
    const length = rows * spec.K
    const data = spec.halves ? new Uint16Array(length).fill(0x2e66) : new Float32Array(length).fill(0.1)
    const x = new ort.Tensor(spec.halves ? 'float16' : 'float32', data, [rows, spec.K])
    const began = performance.now()
    await session.run({ x })
    return performance.now() - began
  }
  for (const end = performance.now() + warmMs; performance.now() < end; ) await once(opened[0]!)
  const out: number[] = []
  for (const one of opened) out.push(await once(one))
  return out
}

process.on('message', async (asked: Asked) => {
  const answer = 'open' in asked ? open(asked.open) : run(...asked.run)
  process.send!(await answer.catch((e: Error) => ({ failed: e.message.split('\n')[0] })))
})
