/** The kernels of Whisper's log-mels, one after the other, against what transformers' feature extractor gives. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { melFilters } from '../../compiler/audio/mel.js'
import { hann, turns } from '../../compiler/audio/windows.js'
import { openSafetensors } from '../../compiler/import/safetensors.js'
import type { Facts } from '../../compiler/ops/types.js'
import { evaluateExpression, specialize } from '../../compiler/specialize/index.js'
import { reflect } from '../../compiler/validate/reflect.js'
import { softwareDevice } from '../helpers/gpu.js'
import { type Batch, runBatch } from './batch.js'
import { templates } from './wgsl-all.js'
import { paramsFor } from './wgsl-jobs.js'

const GOLDEN = resolve('../shared/goldens/whisper_logmel/io.safetensors')
const device = await softwareDevice()

// The sound is a second long; silence follows it, which the last frames here reach already.
const sizes: Facts = { B: 1, S: 32400, NFFT: 400, HOP: 160, FRAMES: 200, BINS: 201, MELS: 80 }
const facts: Facts = { ...sizes, CENTER: true, PARTS: 1, FLOOR: 1e-10, SCALE: 1 }
const size = (...names: string[]) => names.reduce((product, name) => product * Number(facts[name]), 1)

const steps: [template: string, tensors: Record<string, string>][] = [
  ['stft_power', { x: 'sound', window: 'window', table: 'table', y: 'power' }],
  ['mel_log', { power: 'power', filters: 'filters', y: 'mels' }],
  ['whisper_scale', { x: 'mels', y: 'features' }],
]

/** Tensors side by side in one buffer, at multiples of 256 bytes. */
function layout(tensors: Record<string, Float32Array>): {
  bytes: Uint8Array
  at: Map<string, [number, number]>
} {
  const at = new Map<string, [number, number]>()
  let end = 0
  for (const [name, { byteLength }] of Object.entries(tensors)) {
    at.set(name, [end, byteLength])
    end += Math.ceil(byteLength / 256) * 256
  }
  const bytes = new Uint8Array(end)
  for (const [name, t] of Object.entries(tensors)) bytes.set(new Uint8Array(t.buffer), at.get(name)![0])
  return { bytes, at }
}

function batchOf(sound: Float32Array): { batch: Batch; features: [offset: number, bytes: number] } {
  const read = layout({
    window: Float32Array.from(hann(400)),
    table: Float32Array.from(turns(400)),
    filters: Float32Array.from(melFilters({ rate: 16000, bins: 201, mels: 80 })),
  })
  const write = layout({
    sound,
    power: new Float32Array(size('FRAMES', 'BINS')),
    mels: new Float32Array(size('MELS', 'FRAMES')),
    features: new Float32Array(size('MELS', 'FRAMES')),
  })
  const kernels: Batch['kernels'] = []
  const dispatches = steps.map(([name, tensors]): Batch['dispatches'][number] => {
    const template = templates.find((t) => t.name === name)!
    const params = paramsFor(template, {}, facts)!
    const code = specialize(template, params).text
    const { bindings } = reflect(code, name)
    const kernel = kernels.push({ code, bindings: bindings.map((b) => [b.number, b.kind]) }) - 1
    const grid = template.front.grid.map((e) => Number(evaluateExpression(e, { ...facts, ...params })))
    return {
      kernel,
      bind: bindings.map((b) => {
        const tensor = tensors[b.name]!
        const [buffer, place] = b.kind === 'r' ? (['read', read] as const) : (['write', write] as const)
        return [b.number, buffer, ...place.at.get(tensor)!]
      }),
      grid: [grid[0] ?? 1, grid[1] ?? 1, grid[2] ?? 1],
    }
  })
  const batch = { kernels, dispatches, read: read.bytes, write: write.bytes, uniform: new Uint8Array(256) }
  return { batch, features: write.at.get('features')! }
}

describe.skipIf(!existsSync(GOLDEN))('log-mels of Whisper', () => {
  const tensor = async (name: string): Promise<Float32Array> => {
    const file = await openSafetensors(GOLDEN)
    const values = await file.readRows(name, 0, file.tensors.get(name)!.shape[0]!)
    await file.close()
    return values
  }

  test('the filters', async () => {
    const expected = await tensor('output.mel_filters')
    const filters = melFilters({ rate: 16000, bins: 201, mels: 80 })
    const worst = expected.reduce((max, want, i) => {
      const [bin, mel] = [Math.floor(i / 80), i % 80]
      return Math.max(max, Math.abs(want - filters[mel * 201 + bin]!))
    }, 0)
    expect(worst).toBeLessThan(1e-8)
  })

  test.skipIf(!device)('the kernels, within 1e-3', async () => {
    const sound = new Float32Array(size('S'))
    sound.set(await tensor('input.waveform'))
    const expected = await tensor('output.input_features')
    const { batch, features } = batchOf(sound)
    const result = await runBatch(device as GPUDevice, batch)
    const found = new Float32Array(result.slice(features[0], features[0] + features[1]).buffer)
    expect(found.length).toBe(expected.length)
    const worst = found.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0)
    expect(worst).toBeLessThan(1e-3)
  })
})
