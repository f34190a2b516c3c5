import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WgcError } from '../../compiler/errors.js'
import { configReader } from '../../compiler/import/config.js'
import { nearest } from '../../compiler/import/nearest.js'

const config = configReader(
  {
    hidden_size: 64,
    eps: 1e-5,
    half: 0.5,
    act: 'silu',
    tied: true,
    nothing: null,
    eos: [2, 3],
    bos: 1,
    architectures: ['A'],
    rope_scaling: { factor: 2, type: 'linear' },
    long: 'x'.repeat(500),
    huge: 2 ** 60,
  },
  'm/config.json',
)

test('reads fields, defaults and aliases', () => {
  expect(config.int('hidden_size')).toBe(64)
  expect(config.int(['n_embd', 'hidden_size'])).toBe(64)
  expect(config.int('absent', { default: 7 })).toBe(7)
  expect(config.int('nothing', { default: 7 })).toBe(7)
  expect(config.bool('absent', { default: false })).toBe(false)
  expect(config.number('eps', { min: 0 })).toBe(1e-5)
  expect(config.string('act', { oneOf: ['silu', 'gelu'] })).toBe('silu')
  expect(config.bool('tied')).toBe(true)
  expect([config.has('tied'), config.has('nothing'), config.has('toString')]).toEqual([true, false, false])
  expect([config.optionalInt('nothing'), config.optionalNumber('half'), config.optionalString('no')]).toEqual(
    [undefined, 0.5, undefined],
  )
  expect([config.ints('eos'), config.ints('bos'), config.ints('absent')]).toEqual([[2, 3], [1], []])
  expect(config.strings('architectures')).toEqual(['A'])
  expect(config.section('rope_scaling')?.number('factor')).toBe(2)
  expect(config.section('nothing')).toBeUndefined()
})

test.each([
  [() => config.int('gone'), 'WGC207', 'gone is missing'],
  [() => config.int(['gone', 'lost']), 'WGC207', 'gone is missing'],
  [() => config.string('toString'), 'WGC207', 'toString is missing'],
  [() => config.int('half'), 'WGC208', 'half is 0.5, it should be an integer'],
  [() => config.int('huge'), 'WGC208', 'huge is 1152921504606847000, it should be an integer'],
  [() => config.int('act', { default: 3 }), 'WGC208', 'act is "silu", it should be an integer'],
  [
    () => config.int(['n_embd', 'hidden_size'], { min: 65 }),
    'WGC208',
    'hidden_size is 64, it should be an integer of at least 65',
  ],
  [() => config.int('hidden_size', { max: 63 }), 'WGC208', 'an integer of at most 63'],
  [() => config.number('half', { min: 1, max: 2 }), 'WGC208', 'a number from 1 to 2'],
  [() => config.string('act', { oneOf: ['gelu'] }), 'WGC208', 'act is "silu", it should be one of gelu'],
  [() => config.bool('bos'), 'WGC208', 'bos is 1, it should be true or false'],
  [() => config.section('eos'), 'WGC208', 'eos is a list, it should be an object'],
  [() => config.section('rope_scaling')!.int('type'), 'WGC208', 'rope_scaling.type is "linear"'],
  [() => config.section('rope_scaling')!.int('gone'), 'WGC207', 'rope_scaling.gone is missing'],
  [() => config.int('long'), 'WGC208', `long is "${'x'.repeat(56)}..., it should`],
  [() => config.ints('act'), 'WGC208', 'an integer, or a list of such'],
  [() => config.strings('eos'), 'WGC208', 'a list of strings'],
])('refusal %#', (read, code, says) => {
  try {
    read()
  } catch (e) {
    expect(e).toMatchObject({ code, place: { file: 'm/config.json' } })
    expect((e as Error).message).toContain(says)
    return
  }
  throw new Error('it was taken')
})

test('any value is read or refused', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('int', 'number', 'string', 'bool', 'ints', 'strings', 'section'),
      (x, kind) => {
        try {
          configReader({ x } as Record<string, unknown>, 'f')[kind as 'int']('x')
        } catch (e) {
          expect(e).toBeInstanceOf(WgcError)
        }
      },
    ),
  )
})

test('nearest names', () => {
  expect(nearest('tinylama', ['llama', 'tinyllama', 'llama-3-8b'])).toEqual(['tinyllama', 'llama'])
  expect(nearest('Llama', ['llama', 'tinyllama'])).toEqual(['llama', 'tinyllama'])
  expect(nearest('whisper', ['llama', 'tinyllama'])).toEqual([])
  expect(nearest('', [])).toEqual([])
})
