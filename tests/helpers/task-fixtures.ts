/** References for the tasks' tests, and the formulas of their inputs: tests/fixtures/tasks/make.py has the same. */
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import type { Pixels } from '../../runtime/tasks/pixels.js'

const folder = new URL('../fixtures/tasks/', import.meta.url)

export const fixture = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
export const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

export function picture(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3)
  let at = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++)
        data[at++] = x * (37 + 8 * c) + y * (91 - 16 * c) + ((x * y) % 17) * 9 + 50 * c
    }
  }
  return { width, height, data }
}

export const tone = (n: number, rate: number) =>
  Float32Array.from({ length: n }, (_, i) => {
    const t = i / rate
    return 0.6 * Math.sin(2 * Math.PI * 440 * t) + 0.3 * Math.cos(2 * Math.PI * 1700 * t)
  })

export interface Packed {
  dtype: 'u8' | 'f32' | 'i32'
  shape: number[]
  data: string
}

export function unpack({ dtype, shape, data }: Packed) {
  const bytes = Uint8Array.from(inflateSync(Buffer.from(data, 'base64')))
  const values =
    dtype === 'u8' ? bytes : dtype === 'f32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer)
  return { shape, data: Array.from(values) }
}
