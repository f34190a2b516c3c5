/** A trained minGPT that sorts: every intermediate of its first batch, and what the kernels make of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describe as describeModel } from '../../compiler/build/describe.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { importModel, withDerived } from '../../compiler/import/index.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { build } from '../../compiler/index.js'
import { backendsHere, deviation, loadBundle } from '../helpers/goldens.js'
import { interpreter } from '../helpers/interpret.js'
import { whyAbsent } from '../helpers/models.js'

const FOLDER = '../shared/models/gpt-nano-sort'

interface Stored {
  shape: number[]
  data: string
}

const valuesOf = ({ data }: Stored): Float32Array => {
  const bytes = Buffer.from(data, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

const read = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))

/** Heads side by side, [batch, tokens, heads * size], from [batch, heads, tokens, size]. */
function sideBySide({ shape, data }: { shape: number[]; data: Float32Array }): Float32Array {
  const [, H, T, D] = shape as [number, number, number, number]
  return Float32Array.from(data, (_, i) => {
    const [b, t, h, d] = [
      Math.floor(i / (T * H * D)),
      Math.floor(i / (H * D)) % T,
      Math.floor(i / D) % H,
      i % D,
    ]
    return data[((b * H + h) * T + t) * D + d]!
  })
}

/** Tensors of the graph by the names of the file; `layer` of layer 0. */
const names: [partial: string, tensor: string, heads?: true][] = [
  ['tok_emb', 'embed'],
  ['x', 'embed.positions'],
  ['ln1', 'layers.0.ln_1'],
  ['q', 'layers.0.q', true],
  ['k', 'layers.0.k', true],
  ['v', 'layers.0.v', true],
  ['y', 'layers.0.attention'],
  ['yProj', 'layers.0.o'],
  ['attnResid', 'layers.0.residual1'],
  ['ln2', 'layers.0.ln_2'],
  ['fc', 'layers.0.fc'],
  ['gelu', 'layers.0.act'],
  ['mlp', 'layers.0.down'],
  ['mlpResid', 'layers.0.residual2'],
  ['block0', 'layers.0.residual2'],
  ['block1', 'layers.1.residual2'],
  ['block2', 'layers.2.residual2'],
  ['ln_f', 'norm'],
  ['lm_head', 'logits'],
]

describe.skipIf(whyAbsent(FOLDER))('gpt-nano-sort', () => {
  let out = ''
  let partials: Record<string, Stored> = {}
  let ids: number[][] = []

  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-mingpt-'))
    const { config, ...tensors } = read('gpt-nano-sort-model.json') as Record<string, Stored> & {
      config: object
    }
    writeFileSync(
      join(out, 'config.json'),
      JSON.stringify({ ...config, model_type: 'mingpt', architectures: ['GPT'] }),
    )
    const weights = Object.entries(tensors).map(
      ([name, t]) => [name, { dtype: 'F32', shape: t.shape, data: valuesOf(t) }] as const,
    )
    await writeSafetensors(join(out, 'model.safetensors'), new Map(weights))
    partials = read('gpt-nano-sort-t0-partials.json')
    const [batch, tokens] = partials.idx!.shape as [number, number]
    const all = [...valuesOf(partials.idx!)]
    ids = Array.from({ length: batch }, (_, b) => all.slice(b * tokens, (b + 1) * tokens))
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  test('every intermediate', async () => {
    const imported = await importModel(out)
    const model = describeModel(imported, { model: out, out: '' })
    const options = {
      bits: 'f32',
      group: 64,
      kv: 'f32',
      fuse: false,
      binding: Number.POSITIVE_INFINITY,
    } as const
    const { graph } = programGraphs(model, options).find((p) => p.spec.name === 'forward')!
    const weights = withDerived(imported.weights!, model.derived)
    for (const [b, prompt] of ids.entries()) {
      const forward = await interpreter(graph, weights)
      const made = forward.run({ tokens: prompt }, { seq: prompt.length, past: 0 })
      for (const [partial, tensor, heads] of names) {
        const t = partials[partial]!
        const whole = heads ? sideBySide({ shape: t.shape, data: valuesOf(t) }) : valuesOf(t)
        const each = whole.length / ids.length
        const expected = [...whole.subarray(b * each, (b + 1) * each)]
        expect(deviation(made.get(tensor)!, expected), `${partial} of ${b}`).toBeLessThan(1e-5)
      }
    }
    await imported.close()
  })

  test.each(backendsHere('wasm', 'wgpu'))(
    'on %s',
    async (backend) => {
      const folder = join(out, 'bundle')
      await build({ model: out, targets: ['node'], out: folder, bits: 'f32' })
      const model = await loadBundle(folder, backend)
      const logits = valuesOf(partials.lm_head!)
      for (const [b, prompt] of ids.entries()) {
        const each = logits.length / ids.length
        const { logits: made } = await model.run({ input_ids: prompt })
        expect(deviation(made!.data, [...logits.subarray(b * each, (b + 1) * each)])).toBeLessThan(1e-3)
      }
      // Six letters, and then the same in order, each fed back.
      const letters = ids[0]!.slice(0, 6)
      const sorted: number[] = []
      for await (const id of model.generateIds(letters, { temperature: 0, maxTokens: 6 })) sorted.push(id)
      expect(sorted).toEqual([...letters].sort())
      model.destroy()
    },
    600_000,
  )
})
