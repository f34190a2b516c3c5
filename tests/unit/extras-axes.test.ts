/** Axes parted and put together between programs. */
import { expect, test } from 'vitest'
import { functions } from '../../runtime/extras.js'

const tensor = (shape: number[]) => ({
  dtype: 'f32' as const,
  shape,
  data: new Float32Array(shape.reduce((n, d) => n * d, 1)),
})

test.each([
  ['split_axis', [6, 5], { axis: 0, size: 3 }, [2, 3, 5]],
  ['split_axis', [2, 8], { axis: 1, size: 4 }, [2, 2, 4]],
  ['split_axis', [3], { axis: 0, size: 3 }, [1, 3]],
  ['merge_axes', [2, 3, 5, 7], { axis: 0 }, [6, 5, 7]],
  ['merge_axes', [2, 3, 5], { axis: 1 }, [2, 15]],
] as const)('%s of %j by %j', (name, shape, args, expected) => {
  const x = tensor([...shape])
  expect(functions[name]!({ x }, args)).toEqual({ y: { ...x, shape: expected } })
})

test.each([
  ['split_axis', [7, 5], { axis: 0, size: 3 }],
  ['split_axis', [6], { axis: 1, size: 3 }],
  ['split_axis', [6], { axis: 0, size: 0 }],
  ['merge_axes', [2, 3], { axis: 1 }],
  ['merge_axes', [2, 3], { axis: -1 }],
] as const)('%s refuses %j by %j', (name, shape, args) => {
  expect(() => functions[name]!({ x: tensor([...shape]) }, args)).toThrow(RangeError)
})
