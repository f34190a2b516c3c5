/**
 * Real ONNX models through wgc's operators on Dawn with SwiftShader, against what their authors or onnxruntime
 * answer (`../shared/onnx/reference.json`): speech in a recording, faces in a picture, types of files.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { softwareDevice } from '../helpers/gpu.js'
import { executor } from './execute.js'
import { load } from './load.js'

const FOLDER = resolve('../shared/onnx')
const file = (...path: string[]) => readFileSync(join(FOLDER, ...path))
const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8'))

const on = await softwareDevice().then((device) => device && executor(device))

const opened = (name: string, shapes: Record<string, number[]> = {}) =>
  load(on!, join(FOLDER, 'models', name), shapes)

/** Samples of a 16-bit mono WAV file. */
function samples(wav: Buffer): Float64Array {
  const at = wav.indexOf('data') + 8
  return Float64Array.from({ length: (wav.length - at) >> 1 }, (_, i) => wav.readInt16LE(at + 2 * i) / 32768)
}

/** A 24-bit BMP's nearest pixels at another size, as planes of red, green and blue in [-1, 1]. */
function planes(bmp: Buffer, W: number, H: number): Float64Array {
  const [start, width, height] = [bmp.readUInt32LE(10), bmp.readInt32LE(18), bmp.readInt32LE(22)]
  const row = Math.ceil((width * 3) / 4) * 4
  return Float64Array.from({ length: 3 * W * H }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (W * H)), Math.floor(i / W) % H, i % W]
    const [sx, sy] = [Math.floor(((x + 0.5) * width) / W), Math.floor(((y + 0.5) * height) / H)]
    return (bmp[start + (height - 1 - sy) * row + sx * 3 + (2 - c)]! - 127) / 128
  })
}

const have = existsSync(FOLDER)
if (!have) console.warn('SKIPPED: ../shared/onnx is not there; no real ONNX model is run')

describe.skipIf(!have || !on)('models', () => {
  const reference = have ? json(file('reference.json')) : {}

  test('speech is found where it is (Silero VAD)', async () => {
    const name = 'silero_vad_16k_op15.onnx'
    const { run } = await opened(name, { input: [1, 576] })
    const audio = samples(file('inputs', 'jfk.wav'))
    const wanted = reference[name].probs.slice(0, 60) as number[]
    let state: ArrayLike<number> = new Float64Array(256)
    const found: number[] = []
    for (let i = 0; i < wanted.length; i++) {
      const input = Float64Array.from({ length: 576 }, (_, k) => audio[512 * i + k - 64] ?? 0)
      const made = await run({ input, state, sr: [16000] })
      found.push(made.output![0]!)
      state = made.stateN!
    }
    const worst = Math.max(...wanted.map((p, i) => Math.abs(p - found[i]!)))
    expect(worst).toBeLessThan(1e-4)
  })

  test('a face is found where it is (UltraFace)', async () => {
    const name = 'ultraface-rfb-320-simplified.onnx'
    const wanted = reference[name]
    const { run } = await opened(name)
    const { scores, boxes } = await run({ input: planes(file('inputs', 'grace_hopper.bmp'), 320, 240) })
    const faces = scores!.filter((_, i) => i % 2 === 1)
    const best = faces.indexOf(Math.max(...faces))
    expect(best).toBe(wanted.best_index)
    expect(faces[best]).toBeCloseTo(wanted.best_score, 5)
    const box = [...boxes!.subarray(4 * best, 4 * best + 4)]
    box.forEach((v, i) => {
      expect(v).toBeCloseTo(wanted.box[i], 3)
    })
    wanted.scores_first8.forEach((v: number, i: number) => {
      expect(scores![i]).toBeCloseTo(v, 4)
    })
  })

  test('files are what they are (Magika)', async () => {
    const config = json(file('models', 'magika-standard_v3_3.config.min.json'))
    const packed = file('models', 'magika-v3_3-inference_examples_by_content.json.gz')
    interface Example {
      content_base64: string
      prediction: { dl: string; score: number }
    }
    const examples = (json(gunzipSync(packed)) as Example[]).filter((e) => e.prediction.dl !== 'undefined')
    const { run } = await opened('magika-standard_v3_3.onnx')
    const SPACE = [9, 10, 11, 12, 13, 32]
    for (const { content_base64, prediction } of examples.filter((_, i) => i % 24 === 0)) {
      const content = [...Buffer.from(content_base64, 'base64')]
      const first = content.slice(0, config.block_size)
      const last = content.slice(-config.block_size)
      while (SPACE.includes(first[0]!)) first.shift()
      while (SPACE.includes(last.at(-1)!)) last.pop()
      const padding = Array<number>(1024).fill(config.padding_token)
      const bytes = [...[...first, ...padding].slice(0, 1024), ...[...padding, ...last].slice(-1024)]
      const { target_label: scores } = await run({ bytes })
      const best = scores!.indexOf(Math.max(...scores!))
      expect(config.target_labels_space[best]).toBe(prediction.dl)
      expect(scores![best]).toBeCloseTo(prediction.score, 3)
    }
  })
})
