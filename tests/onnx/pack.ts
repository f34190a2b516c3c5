/** A matrix in f32 as kernels read weights. */
import { formats } from '../../compiler/formats/formats.js'
import { layoutNamed } from '../../compiler/formats/layouts.js'

export function packRows(values: ArrayLike<number>, rows: number, columns: number): Uint8Array {
  const block = formats.f32.quantizeRows(Float32Array.from(values), rows, columns, 32)
  return layoutNamed('rows').pack('f32', block).data
}
