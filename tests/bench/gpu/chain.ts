/**
 * Matrices of 4 bits in a row, N x K and K x N in turns, by the host's clock: wgc's kernels and onnxruntime's in turns.
 * What a run takes besides its matrices (reading back, waiting) falls out: a long chain's time less a short one's.
 */
import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { Result } from '../../../compiler/bench/history.js'
import { spreadOf } from '../../../compiler/bench/verdict.js'
import type { VariantSpec } from '../../../compiler/build/variant-specs.js'
import { ops } from '../../../compiler/ops/index.js'
import type { Facts } from '../../../compiler/ops/types.js'
import { select } from '../../../compiler/select/select.js'
import { openTemplates } from '../../../compiler/select/templates.js'
import type { KernelTarget } from '../../../compiler/select/types.js'
import { hostClock, median } from '../../../compiler/tune/clock.js'
import { makeOperands } from '../../../compiler/tune/operands.js'
import { makeRunnable, pipelinesOf, type Runnable } from '../../../compiler/tune/runnable.js'
import type { ChainSpec } from '../wasm/onnx.js'
import type { Asked } from './peer-onnxruntime.js'

const COUNTS = [32, 8] as const
const ROUNDS = 7
const BLOCK = 32
/** Milliseconds of runs that are not timed, in every round. */
const WARM_MS = 60

/** One of those compared: milliseconds of the long and the short chain, in one round. */
interface Side {
  engine: string
  round(rows: number): Promise<number[]>
  close(): void
}

/** wgc's kernels of a variant; both shapes of matrix, as many turns each as the chain has of them. */
async function wgcSide(device: GPUDevice, spec: VariantSpec, { K, N }: Sizes): Promise<Side> {
  const templates = openTemplates()
  const target: KernelTarget = { language: 'wgsl', features: spec.features, tuning: spec.tuning }
  const clock = hostClock(device)
  const made = new Map<number, { chain: Runnable; destroy: () => void }>()
  const make = async (M: number) => {
    const pipelines = pipelinesOf(device, templates, target)
    const parts = [[N, K] as const, [K, N] as const].map(async ([n, k]) => {
      const facts: Facts = {
        ...{ M, N: n, K: k, W: 'q4', G: BLOCK, LDY: n, EPI: 'none', BIAS: false, ACT: 'none', SEQ: false },
      }
      const operands = makeOperands(device, ops.linear!, facts, 0)
      const choice = select('linear', 'chain', facts, templates.heads, target)
      return { operands, run: await makeRunnable(pipelines, 'linear', facts, choice, operands) }
    })
    const both = await Promise.all(parts)
    return {
      chain: { stages: both.flatMap(({ run }) => run.stages), destroy: () => {} },
      destroy: () => {
        for (const { operands, run } of both) {
          run.destroy()
          operands.destroy()
        }
      },
    }
  }
  return {
    engine: spec.id,
    async round(rows) {
      if (!made.has(rows)) made.set(rows, await make(rows))
      const { chain } = made.get(rows)!
      // What others did meanwhile let the device rest: it raises its clocks first.
      for (const end = performance.now() + WARM_MS; performance.now() < end; )
        await clock.round([chain], [COUNTS[0]])
      const ms = []
      for (const count of COUNTS) ms.push((count / 2) * (await clock.round([chain], [count / 2]))[0]!)
      return ms
    },
    close: () => {
      for (const { destroy } of made.values()) destroy()
    },
  }
}

/** onnxruntime-node's, if it is there and has a device. */
async function ortSide({ K, N }: Sizes, halves: boolean, accuracy: number): Promise<Side | string> {
  if (!existsSync('tests/bench/peers/node_modules/onnxruntime-node'))
    return 'onnxruntime-node is absent: npm ci --ignore-scripts --prefix tests/bench/peers'
  const child = fork(new URL('./peer-onnxruntime.js', import.meta.url), { stdio: 'inherit' })
  const ended = new Promise<never>((_, no) => {
    child.once('exit', (code) => no(new Error(`its process ended (${code})`)))
  })
  ended.catch(() => {})
  const ask = async <T>(asked: Asked): Promise<T> => {
    const answer = new Promise<T | { failed: string }>((done) => child.once('message', done as never))
    child.send(asked)
    const said = await Promise.race([answer, ended])
    if (typeof said === 'object' && said && 'failed' in said) throw new Error(said.failed)
    return said as T
  }
  const specs = COUNTS.map((count): ChainSpec => ({ N, K, count, block: BLOCK, accuracy, halves }))
  const { version } = JSON.parse(
    readFileSync('tests/bench/peers/node_modules/onnxruntime-node/package.json', 'utf8'),
  ) as { version: string }
  try {
    await ask({ open: specs })
    return {
      engine: `onnxruntime-node ${version} ${halves ? 'f16' : 'f32'} accuracy ${accuracy}`,
      round: async (rows) => ask<number[]>({ run: [rows, WARM_MS] }),
      close: () => child.kill(),
    }
  } catch (e) {
    child.kill()
    return `onnxruntime-node, ${halves ? 'halves' : 'floats'}: ${(e as Error).message}`
  }
}

interface Sizes {
  K: number
  N: number
}

/** Measures all in turns, and says what is left out. */
export async function chains(
  device: GPUDevice,
  specs: VariantSpec[],
  sizes: Sizes,
  rowCounts: number[],
): Promise<Result[]> {
  const sides: Side[] = []
  for (const spec of specs) sides.push(await wgcSide(device, spec, sizes))
  for (const [halves, accuracy] of [
    [false, 0],
    [false, 4],
    [true, 4],
  ] as const) {
    const side =
      'Deno' in globalThis ? 'onnxruntime-node runs in Node alone' : await ortSide(sizes, halves, accuracy)
    if (typeof side !== 'string') sides.push(side)
    else console.log(`*** LEFT OUT: ${side} ***`)
  }
  const { K, N } = sizes
  const results: Result[] = []
  for (const rows of rowCounts) {
    const times = new Map(sides.map((side): [Side, number[]] => [side, []]))
    for (let round = 0; round <= ROUNDS; round++)
      for (const [side, all] of times) {
        try {
          const [long, short] = await side.round(rows)
          // The first warms up.
          if (round > 0) all.push((long! - short!) / (COUNTS[0] - COUNTS[1]))
        } catch (e) {
          console.log(`*** LEFT OUT: ${side.engine}: ${(e as Error).message} ***`)
          times.delete(side)
        }
      }
    for (const [{ engine }, all] of times) {
      const ms = median(all)
      if (!(ms > 0)) continue
      const bytes = (N * K) / 2 + (2 * N * K) / BLOCK
      const said =
        rows === 1
          ? `${(bytes / ms / 1e6).toFixed(0)} GB/s`
          : `${((2 * rows * N * K) / ms / 1e9).toFixed(1)} TFLOP/s`
      console.log(
        `chain ${rows} x ${N} <-> ${K} q4: ${engine}: ${(1000 * ms).toFixed(1)} µs a matrix, ${said}`,
      )
      const name = `chain ${rows} x ${N} <-> ${K} q4`
      results.push({ engine, name, unit: 'ms', value: ms, spread: spreadOf(all) })
    }
  }
  for (const side of sides) side.close()
  return results
}
