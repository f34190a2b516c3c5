/** Build-time checks of everything that a bundle runs, and what kernels say of themselves. */
export type { Expected } from './interface.js'
export { type Binding, type Reflection, reflect, reflectBindings } from './reflect.js'
export { validateWasm, type WasmExpected } from './wasm.js'
export { type Progress, validateWgsl, type WgslItem } from './wgsl.js'
