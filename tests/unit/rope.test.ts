/**
 * Scalings of rotary frequencies. Expected numbers come from the formulas of transformers' modeling_rope_utils,
 * evaluated in float64 apart from this code.
 */
import { describe, expect, test } from 'vitest'
import { configReader } from '../../compiler/import/config.js'
import { type RopeOptions, ropeRotation, ropeTable } from '../../compiler/models/rope.js'

const rotation = (config: Record<string, unknown>, size: number, options?: RopeOptions) =>
  ropeRotation(configReader(config, 'config.json'), size, options)

interface Row {
  name: string
  config: Record<string, unknown>
  size: number
  options?: RopeOptions
  frequencies: number[]
  factor: number
}

const phi = {
  max_position_embeddings: 131072,
  original_max_position_embeddings: 4096,
  rope_scaling: { type: 'longrope', short_factor: [1, 1.05, 1.1, 1.25], long_factor: [1, 1.5, 4, 32] },
}
const plain16 = [1, 0.316227766017, 0.1, 0.0316227766017, 0.01, 0.00316227766017, 0.001, 0.000316227766017]

const rows: Row[] = [
  { name: 'none', config: {}, size: 16, frequencies: plain16, factor: 1 },
  {
    name: 'default, with the sections of M-RoPE',
    config: { rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } },
    size: 16,
    frequencies: plain16,
    factor: 1,
  },
  {
    name: 'linear',
    config: { rope_scaling: { rope_type: 'linear', factor: 4 } },
    size: 4,
    frequencies: [0.25, 0.0025],
    factor: 1,
  },
  {
    name: 'dynamic, twice as long',
    config: { max_position_embeddings: 2048, rope_scaling: { type: 'dynamic', factor: 2 } },
    size: 16,
    options: { context: 4096 },
    frequencies: [
      1, 0.270296125692, 0.0730599955643, 0.0197478337441, 0.00533776295186, 0.00144277664575,
      0.000389976937586, 0.000105409255339,
    ],
    factor: 1,
  },
  {
    name: 'dynamic, within the length of training',
    config: { max_position_embeddings: 2048, rope_scaling: { type: 'dynamic', factor: 2 } },
    size: 16,
    options: { context: 1024 },
    frequencies: plain16,
    factor: 1,
  },
  {
    name: 'yarn',
    config: {
      max_position_embeddings: 16384,
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 4096 },
    },
    size: 16,
    frequencies: [
      1, 0.316227766017, 0.1, 0.0256935059889, 0.00625, 0.00138349647632, 0.00025, 7.90569415042e-5,
    ],
    factor: 1.13862943611,
  },
  {
    name: 'yarn, all of DeepSeek',
    config: {
      max_position_embeddings: 2048,
      rope_theta: 1e6,
      rope_scaling: {
        ...{ type: 'yarn', factor: 40, beta_fast: 16, beta_slow: 2, mscale: 0.7, mscale_all_dim: 1 },
      },
    },
    size: 16,
    frequencies: [
      1, 0.177827941004, 0.0162066730084, 0.000140585331298, 2.5e-5, 4.4456985251e-6, 7.90569415042e-7,
      1.40585331298e-7,
    ],
    factor: 0.919155995204,
  },
  {
    name: 'yarn, untruncated, factor given',
    config: {
      rope_parameters: {
        ...{ rope_type: 'yarn', rope_theta: 150000, factor: 32, truncate: false, attention_factor: 1.5 },
        original_max_position_embeddings: 4096,
      },
    },
    size: 16,
    frequencies: [
      1, 0.225418000203, 0.0508132748155, 0.00679495948973, 0.000456483919223, 1.81883366817e-5,
      4.0999784818e-6, 9.24208950243e-7,
    ],
    factor: 1.5,
  },
  {
    name: 'llama3',
    config: {
      rope_theta: 500000,
      rope_scaling: {
        ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
        original_max_position_embeddings: 8192,
      },
    },
    size: 16,
    frequencies: [
      1, 0.193922744749, 0.0376060309309, 0.00729266473722, 0.000524846160993, 3.42810219595e-5,
      6.64786987118e-6, 1.28917317215e-6,
    ],
    factor: 1,
  },
  {
    name: 'longrope, long',
    config: phi,
    size: 8,
    options: { context: 4097 },
    frequencies: [1, 0.0666666666667, 0.0025, 3.125e-5],
    factor: 1.19023807142,
  },
  {
    name: 'longrope, short',
    config: phi,
    size: 8,
    options: { context: 4096 },
    frequencies: [1, 0.0952380952381, 0.00909090909091, 0.0008],
    factor: 1.19023807142,
  },
  {
    name: 'longrope, how much longer in the section',
    config: {
      max_position_embeddings: 4096,
      rope_scaling: { ...phi.rope_scaling, type: 'su', factor: 32 },
    },
    size: 8,
    frequencies: [1, 0.0952380952381, 0.00909090909091, 0.0008],
    factor: 1.19023807142,
  },
]

describe('rope scaling', () => {
  test.each(rows.map((r) => [r.name, r] as const))(
    '%s',
    (_, { config, size, options, frequencies, factor }) => {
      const found = rotation(config, size, options)
      expect(found.frequencies.length).toBe(frequencies.length)
      for (const [i, f] of found.frequencies.entries()) expect(f / frequencies[i]!).toBeCloseTo(1, 10)
      expect(found.factor).toBeCloseTo(factor, 10)
    },
  )
  test('layers of two kinds have sections of their own', () => {
    const rope_parameters = {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 1e6 },
      sliding_attention: { rope_type: 'default', rope_theta: 100 },
    }
    const of = (layers: string) => [...rotation({ rope_parameters }, 4, { layers }).frequencies]
    expect(of('full_attention')).toEqual([0.125, 1e-3 / 8].map((f) => expect.closeTo(f, 12)))
    expect(of('sliding_attention')).toEqual([1, 0.1].map((f) => expect.closeTo(f, 12)))
  })
  test('an unknown scaling is named, with those that are known', () => {
    expect(() => rotation({ rope_scaling: { rope_type: 'spiral' } }, 8)).toThrow(/"spiral"/)
  })
  test('a list of factors of another length is refused', () => {
    expect(() => rotation(phi, 10)).toThrow(/short_factor has 4 numbers for 5 pairs|long_factor has 4/)
  })
  test('a missing factor is named', () => {
    expect(() => rotation({ rope_scaling: { type: 'yarn' } }, 8)).toThrow(/factor is missing/)
  })
})

test('the product of a coarse and a fine row has the factor once', () => {
  const { data } = ropeTable(Float64Array.of(0.5), 100, 1.25)
  const [coarse, fine] = [64 + 1, 3].map((row) => data.subarray(2 * row, 2 * row + 2)) as [
    Float32Array,
    Float32Array,
  ]
  const cos = coarse[0]! * fine[0]! - coarse[1]! * fine[1]!
  expect(cos).toBeCloseTo(1.25 * Math.cos(67 * 0.5), 6)
})
