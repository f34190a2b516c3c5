/** A template and all files it can include, read once; `specialize` then works on this alone. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fail } from '../errors.js'
import { type Node, parseFile, placeOf, type TemplateFile } from './directives.js'
import { type Ast, decide, isTrue, symbolsOf, type Value } from './expression.js'
import { type FrontMatter, parseFrontMatter } from './frontmatter.js'
import type { Language } from './lexer.js'
import { inDomain, type Param, printDomain } from './params.js'

export interface Template {
  file: string
  language: Language
  /** The file's stem. */
  name: string
  front: FrontMatter
  /** Those of the file and of every include that some parameters reach. */
  params: Param[]
  source: string
  root: TemplateFile
  /** By the path in `//#include`, `$NAME` replaced. */
  includes: Map<string, TemplateFile>
}

type ReadInclude = (path: string) => string
/** What must hold where a directive stands. */
type Given = { condition: Ast; is: boolean }[]

interface Reach {
  file: TemplateFile
  env: Record<string, Value>
  given: Given
  /** Include paths from the template down to this file. */
  chain: string[]
}

/**
 * Parses a template and its includes. `file` names it in errors, `readInclude` gives an include's text by
 * its path or throws. Templates of one folder may share `parsed`, so that an include is read once.
 */
export function parseTemplate(
  file: string,
  text: string,
  readInclude: ReadInclude,
  parsed: Map<string, TemplateFile> = new Map(),
): Template {
  const language: Language = file.endsWith('.c') ? 'c' : 'wgsl'
  const name = basename(file).replace(/\.[^.]*$/, '')
  const root = parseFile(file, name, text, language)
  const params = new Map<string, Param>()
  const includes = new Map<string, TemplateFile>()
  const open: { at: Reach; node: Extract<Node, { kind: 'include' }> }[] = []
  const known = new Set<TemplateFile>()

  const load = (path: string, at: Reach, line: number): TemplateFile => {
    const place = placeOf(at.file, line)
    let found = parsed.get(path)
    if (!found) {
      let source: string
      try {
        source = readInclude(path)
      } catch (cause) {
        fail('WGC312', [path], { place, cause })
      }
      found = parseFile(join(dirname(file), path), path, source, language)
      parsed.set(path, found)
    }
    includes.set(path, found)
    return found
  }

  const enter = (at: Reach): void => {
    if (!known.has(at.file)) {
      known.add(at.file)
      for (const p of at.file.params) merge(params, p)
    }
    walk(at.file.nodes, at.given, (node, given) => open.push({ at: { ...at, given }, node }))
  }

  enter({ file: root, env: {}, given: [], chain: [] })
  // An include's path may name a parameter that another include declares: take what can be resolved first.
  while (open.length > 0) {
    const ready = open.findIndex(({ node }) => pathNames(node.path).every((n) => params.has(n)))
    const { at, node } = open.splice(Math.max(ready, 0), 1)[0]!
    const place = placeOf(at.file, node.line)
    for (const env of expansions(node.path, at.env, params, place)) {
      if (!possible(at.given, env, params)) continue
      const path = expandPath(node.path, env)
      const chain = [...at.chain, path]
      if (at.chain.includes(path)) fail('WGC313', [[name, ...chain]], { place })
      enter({ file: load(path, at, node.line), env, given: at.given, chain })
    }
  }

  const list = [...params.values()]
  for (const f of known) checkFile(f, params)
  return {
    file,
    language,
    name,
    front: parseFrontMatter(root, language),
    params: list,
    source: text,
    root,
    includes,
  }
}

/** Reads `wgsl/*.wgsl` and `c/*.c` below `root` (sub-folders hold includes), sorted by file. */
export function loadTemplates(root: string): Template[] {
  const read = (folder: string) => {
    const parsed = new Map<string, TemplateFile>()
    const readInclude = (path: string) => readFileSync(join(root, folder, path), 'utf8')
    return readdirSync(join(root, folder))
      .filter((f) => f.endsWith(`.${folder}`))
      .sort()
      .map((f) => join(root, folder, f))
      .map((file) => parseTemplate(file, readFileSync(file, 'utf8'), readInclude, parsed))
  }
  return [...read('wgsl'), ...read('c')]
}

function merge(params: Map<string, Param>, p: Param): void {
  const other = params.get(p.name)
  if (!other) {
    params.set(p.name, p)
    return
  }
  if (printDomain(other.domain) !== printDomain(p.domain) || other.default !== p.default)
    fail('WGC315', [p.name, `${other.place.file}:${other.place.line}`], { place: p.place })
  if (p.declared && !other.declared) params.set(p.name, p)
}

/** Calls `found` for each include with the conditions under which it is reached. */
function walk(
  nodes: Node[],
  given: Given,
  found: (n: Extract<Node, { kind: 'include' }>, g: Given) => void,
): void {
  for (const node of nodes) {
    if (node.kind === 'include') found(node, given)
    if (node.kind !== 'if') continue
    let before = given
    for (const b of node.branches) {
      const inside = b.condition ? [...before, { condition: b.condition, is: true }] : before
      walk(b.body, inside, found)
      if (b.condition) before = [...before, { condition: b.condition, is: false }]
    }
  }
}

const pathNames = (path: string) => [...path.matchAll(/\$([A-Za-z_]\w*)/g)].map((m) => m[1]!)

/** An include's path with its `$NAME`s replaced; the longest parameter name wins at each `$`. */
export function expandPath(path: string, env: Readonly<Record<string, Value>>): string {
  return path.replace(/\$([A-Za-z_]\w*)/g, (_, name: string) => String(env[name]))
}

/** All ways to give the path's parameters values. */
function expansions(
  path: string,
  env: Record<string, Value>,
  params: Map<string, Param>,
  place: Param['place'],
): Record<string, Value>[] {
  let all = [env]
  for (const name of pathNames(path)) {
    const param = params.get(name) ?? fail('WGC316', [name, path, 'it is no parameter'], { place })
    const values = param.domain.filter((v) => typeof v !== 'object')
    if (values.length < param.domain.length) fail('WGC316', [name, path, 'its domain is a range'], { place })
    all = all.flatMap((e) => (Object.hasOwn(e, name) ? [e] : values.map((v) => ({ ...e, [name]: v }))))
  }
  return all
}

function possible(given: Given, env: Record<string, Value>, params: Map<string, Param>): boolean {
  const literals = new Set([...params.values()].flatMap((p) => p.domain.filter((v) => typeof v === 'string')))
  const open = (name: string) => params.has(name) || !literals.has(name)
  return given.every(({ condition, is }) => (decide(condition, env, open) ?? is) === is)
}

/** What can only be said once all parameters are known: names in conditions, and code in its right form. */
function checkFile(file: TemplateFile, params: Map<string, Param>): void {
  const env: Record<string, Value> = {}
  for (const p of params.values()) env[p.name] = p.default
  const check = (nodes: Node[], taken: boolean): void => {
    for (const node of nodes) {
      if (node.kind === 'line' || node.kind === 'param') {
        const code = node.kind === 'param' || node.code
        if (code && node.hidden === taken) fail('WGC320', [taken], { place: placeOf(file, node.line) })
      }
      if (node.kind !== 'if') continue
      let done = false
      for (const b of node.branches) {
        if (b.condition) checkNames(b.condition, params)
        const holds: boolean = !done && (!b.condition || isTrue(b.condition, env))
        check(b.body, taken && holds)
        done ||= holds
      }
    }
  }
  check(file.nodes, true)
}

/** A name in a condition is a parameter, or stands beside == or != with one whose domain holds it. */
function checkNames(ast: Ast, params: Map<string, Param>): void {
  if (ast.kind === 'binary' && (ast.op === '==' || ast.op === '!=')) {
    for (const [side, other] of [
      [ast.left, ast.right],
      [ast.right, ast.left],
    ] as const) {
      const param = other.kind === 'name' ? params.get(other.name) : undefined
      const value =
        side.kind === 'name' && !params.has(side.name) ? side.name : side.kind === 'value' && side.value
      if (!param || value === false) {
        if (side.kind !== 'name' || params.has(side.name)) checkNames(side, params)
        else if (!param && !(other.kind === 'name' && params.has(other.name))) checkNames(side, params)
      } else if (!inDomain(param.domain, value))
        fail(
          'WGC321',
          [param.name, String(value), printDomain(param.domain)],
          side.place ? { place: side.place } : {},
        )
    }
    return
  }
  if (ast.kind === 'binary') {
    checkNames(ast.left, params)
    checkNames(ast.right, params)
  } else if (ast.kind === 'unary') checkNames(ast.arg, params)
  else if (ast.kind === 'call') for (const a of ast.args) checkNames(a, params)
  else
    for (const name of symbolsOf(ast))
      if (!params.has(name)) fail('WGC306', [name], ast.place ? { place: ast.place } : {})
}
