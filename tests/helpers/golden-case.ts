/** A reference case as a test: a build of its folder, and every output that it holds, on every backend here. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import type { BuildOptions } from '../../compiler/options.js'
import type { TensorLike } from '../../runtime/index.js'
import {
  type Backend,
  backendsHere,
  deviation,
  loadBundle,
  part,
  readTensors,
  type Values,
} from './goldens.js'
import { runGraphs } from './graph-case.js'
import type { Driven } from './wgpu.js'

export { part }

/** One of each: compiling C for a model's own kernels takes seconds. */
const ONLY = ['wasm-simd128', 'webgpu-chromium-base']

export interface GoldenOptions {
  /** Largest difference, in standard deviations of the output. Default 1e-3, for f32. */
  bound?: number
  build?: Partial<BuildOptions>
  /** Inputs of other sizes, which the same model is given after those; by the graph's float64 references. */
  again?: (inputs: Record<string, Values>) => Record<string, Values>
  /** Outputs that this case does not look at. */
  except?: string[]
  /** Files of inputs and outputs, without their ending. Default: io. */
  files?: string[]
  /** Whether `output.greedy_ids` is compared too: by the flow's own start. Default false. */
  greedy?: boolean
  /** Default: wasm and wgpu. */
  backends?: Backend[]
}

const GREEDY = 'greedy_ids'

/** Ids by always taking the likeliest, those it starts from in front, as transformers has them. */
async function greedyIds(model: Driven, inputs: Record<string, Values>, count: number): Promise<number[]> {
  const { start, prompt = 'input_ids' } = model.flow?.generate ?? {}
  const { [prompt]: own, ...others } = inputs
  const ids = [...(start ?? own?.data ?? [])]
  const more = Object.keys(others).length > 0 ? { inputs: others } : {}
  const options = { maxTokens: count - ids.length, temperature: 0, ...more }
  for await (const id of model.generateIds(own?.data ?? [], options)) ids.push(id)
  const end = model.stats?.end
  return end === undefined ? ids : [...ids, end]
}

/** The case of a folder with config.json, model.safetensors and io.safetensors. */
export function goldenCase(
  folder: string,
  {
    bound = 1e-3,
    build: more,
    again,
    except = [],
    files = ['io'],
    greedy = false,
    backends = ['wasm', 'wgpu'],
  }: GoldenOptions = {},
): void {
  let out = ''
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-golden-'))
    await build({ model: folder, targets: ['node'], only: ONLY, bits: 'f32', out: join(out, 'b'), ...more })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  describe.each(backendsHere(...backends))('on %s', (backend) => {
    test('gives what transformers gives', async () => {
      const model = await loadBundle(join(out, 'b'), backend)
      try {
        for (const file of files) await compare(model, readTensors(join(folder, `${file}.safetensors`)))
        if (!again) return
        const io = readTensors(join(folder, 'io.safetensors'))
        const others = again(part(io, 'input.'))
        const wanted = await runGraphs(folder, others)
        await compareOutputs(
          model,
          others,
          Object.fromEntries(namesOf(part(io, 'output.')).map((n) => [n, wanted[n]!])),
        )
        await compare(model, io)
      } finally {
        model.destroy()
      }
    })
  })

  const namesOf = (expected: Record<string, Values>) =>
    Object.keys(expected).filter((name) => name !== GREEDY && !except.includes(name))

  async function compareOutputs(
    model: Driven,
    inputs: Record<string, TensorLike>,
    expected: Record<string, Values>,
  ): Promise<void> {
    const names = namesOf(expected)
    const made = names.length > 0 ? await model.run(inputs, { outputs: names }) : {}
    for (const name of names) {
      expect([name, made[name]!.shape]).toEqual([name, expected[name]!.shape])
      const off = deviation(made[name]!.data, expected[name]!.data)
      expect(off, `${name} is off by ${off} of its standard deviation`).toBeLessThan(bound)
    }
  }

  async function compare(model: Driven, io: Record<string, Values>): Promise<void> {
    const expected = part(io, 'output.')
    await compareOutputs(model, part(io, 'input.'), expected)
    const ids = expected[GREEDY]
    if (ids && greedy) expect(await greedyIds(model, part(io, 'input.'), ids.data.length)).toEqual(ids.data)
  }
}
