/** Template and parameters to text: branches, includes, declarations, unrolling. Deterministic. */
import { fail } from '../errors.js'
import { type Node, placeOf, type TemplateFile } from './directives.js'
import { type Ast, decide, isTrue, type Value } from './expression.js'
import { inDomain, printDomain } from './params.js'
import { sizesFromUniform } from './stepsizes.js'
import { expandPath, type Template } from './template.js'
import { type OutLine, UNROLL_MARK, unrollLines } from './unroll.js'

export interface Specialized {
  text: string
  /** Complete, defaults included, in the template's order. */
  params: Record<string, Value>
  /** For each line of the text, where it comes from (1-based). */
  lines: { file: string; line: number }[]
}

/** The parameters with defaults filled in; WGC322 and WGC323 for names and values that aren't there. */
export function completeParams(t: Template, given: Readonly<Record<string, Value>>): Record<string, Value> {
  const known = new Set(t.params.map((p) => p.name))
  for (const name of Object.keys(given))
    if (!known.has(name)) fail('WGC322', [t.name, name, [...known]], { place: { file: t.file } })
  const all: Record<string, Value> = {}
  for (const p of t.params) {
    const value = Object.hasOwn(given, p.name) ? given[p.name]! : p.default
    if (!inDomain(p.domain, value))
      fail('WGC323', [p.name, String(value), printDomain(p.domain)], { place: p.place })
    all[p.name] = value
  }
  return all
}

/**
 * The template's text at these parameters, without directive comments.
 *
 * `moving`: parameters whose value is known only when a step runs; `given` has their largest. A condition that
 * depends on one does not hold: what stands under `#else` must be right for every value. WGSL reads them from a
 * uniform, C has them as arguments.
 */
export function specialize(
  t: Template,
  given: Readonly<Record<string, Value>> = {},
  moving: readonly string[] = [],
): Specialized {
  const params = completeParams(t, given)
  const known = Object.fromEntries(Object.entries(params).filter(([name]) => !moving.includes(name)))
  const holds = (condition: Ast) => decide(condition, known, (name) => moving.includes(name)) === true
  const included = new Set<string>()
  const declared = new Set<string>()
  let out: OutLine[] = []
  let unrolls = false

  const emit = (file: TemplateFile, nodes: Node[]): void => {
    for (const node of nodes) {
      switch (node.kind) {
        case 'line':
          out.push({ text: node.text, file, line: node.line })
          break
        case 'param': {
          // Includer and include may both declare a parameter, so that each stands by itself.
          if (declared.has(node.param.name)) break
          declared.add(node.param.name)
          const { before, write, after } = node.declaration
          out.push({ text: before + write(params[node.param.name]!) + after, file, line: node.line })
          break
        }
        case 'if': {
          const branch = node.branches.find((b) => !b.condition || holds(b.condition))
          if (branch) emit(file, branch.body)
          break
        }
        case 'include': {
          const path = expandPath(node.path, params)
          if (included.has(path)) break
          included.add(path)
          const inner = t.includes.get(path) ?? fail('WGC312', [path], { place: placeOf(file, node.line) })
          emit(inner, inner.nodes)
          break
        }
        case 'unroll':
          unrolls = true
          out.push({ text: UNROLL_MARK, file, line: node.line })
      }
    }
  }
  emit(t.root, t.root.nodes)
  if (unrolls) out = unrollLines(out, t.language, moving)
  out = out.slice(
    Math.max(
      0,
      out.findIndex((l) => l.text.trim() !== ''),
    ),
  )
  const text = out.map((l) => l.text).join('\n')
  return {
    text: moving.length > 0 && t.language === 'wgsl' ? sizesFromUniform(text, moving) : text,
    params,
    lines: out.map((l) => ({ file: l.file.file, line: l.line + 1 })),
  }
}

/**
 * The text at the defaults as an editor would see it, were includes pasted in: valid WGSL or C by itself. Of
 * a parameter that includer and include both declare, the first declaration stays.
 */
export function expandRaw(t: Template): string {
  const params = completeParams(t, {})
  const included = new Set<string>()
  const declared = new Set<string>()
  const expand = (file: TemplateFile): string[] => {
    const lines: (string | string[])[] = [...file.lines]
    const visit = (nodes: Node[]): void => {
      for (const node of nodes) {
        if (node.kind === 'param') {
          if (declared.has(node.param.name)) lines[node.line] = ''
          declared.add(node.param.name)
        } else if (node.kind === 'include') {
          const path = expandPath(node.path, params)
          const inner = t.includes.get(path)
          if (!inner || included.has(path)) continue
          included.add(path)
          lines[node.line] = expand(inner)
        } else if (node.kind === 'if') {
          const branch = node.branches.find((b) => !b.condition || isTrue(b.condition, params))
          if (branch) visit(branch.body)
        }
      }
    }
    visit(file.nodes)
    return lines.flat()
  }
  return expand(t.root).join('\n')
}
