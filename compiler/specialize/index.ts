/** The template engine: one for WGSL and C. */

export {
  type Ast,
  decide,
  type Env,
  evaluateExpression,
  isTrue,
  parseExpression,
  printExpression,
  symbolsOf,
  type Value,
} from './expression.js'
export { type FrontMatter, type OpSignature, type PortSig, parseSignature } from './frontmatter.js'
export type { Language } from './lexer.js'
export { minifyWgsl } from './minify.js'
export { inDomain, type Param, printDomain, type Range } from './params.js'
export { toSizeExpression } from './sizes.js'
export { completeParams, expandRaw, type Specialized, specialize } from './specialize.js'
export { loadTemplates, parseTemplate, type Template } from './template.js'
