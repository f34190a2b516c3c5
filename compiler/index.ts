/** The compiler's API. */
export { build } from './build/build.js'
export { type AdapterReport, type Classified, deviceClass } from './device-class.js'
export { EXIT, formatError, WgcError } from './errors.js'
export { cKernel, wgslKernel } from './kernels.js'
export type { BuildOptions, BuildResult, Progress } from './options.js'
export { loadTemplates, type Template } from './specialize/index.js'
export { loadDeviceClasses, loadTargets, resolveTargets, type Target } from './targets.js'
