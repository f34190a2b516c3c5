/** The compiler's API. */
export { build } from './build/build.js'
export { EXIT, formatError, WgcError } from './errors.js'
export { cKernel, wgslKernel } from './kernels.js'
export type { BuildOptions, BuildResult, Progress } from './options.js'
export { loadTemplates, type Template } from './specialize/index.js'
export { loadTargets, resolveTargets, type Target } from './targets.js'
