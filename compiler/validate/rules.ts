/**
 * What one engine refuses, or should not be given, beyond what Tint and Naga say: its `enable` and `requires`
 * directives, and the constructs that `targets/engines/` lists. This file only knows how to find a construct.
 */
import type { Allowed, Engine, Refusal } from '../targets.js'
import { holdsType, type Module, type Variable } from './module.js'
import { closing, type Token } from './tokens.js'

export interface Breach {
  message: string
  /** Offset in the text. */
  at: number
}

/** Every breach of an engine's rules by a module that may use these features. */
export function breaches(m: Module, engine: Engine, features: string[]): Breach[] {
  return [
    ...directives(m.enables, 'enable', engine.wgsl.enable, engine, features),
    ...directives(m.requires, 'requires', engine.wgsl.requires, engine, features),
    ...engine.wgsl.refuse.flatMap((r) => refused(m, r, engine, features)),
  ]
}

function directives(
  names: Token[],
  directive: string,
  allowed: Record<string, Allowed>,
  engine: Engine,
  features: string[],
): Breach[] {
  return names.flatMap(({ text, at }) => {
    const found = allowed[text]
    const say = (why: string) => [{ message: `${directive} ${text}: ${why}`, at }]
    if (!found || found.when === 'never') return say(`${engine.name} does not have it`)
    const feature = found.feature ?? text
    if (found.when === 'always' || features.includes(feature)) return []
    return say(`the variant is made for [${features.join(', ')}], without ${feature}`)
  })
}

function refused(m: Module, r: Refusal, engine: Engine, features: string[]): Breach[] {
  const allowed =
    r.unless !== undefined &&
    (features.includes(r.unless) || engine.wgsl.requires[r.unless]?.when === 'always')
  if (allowed) return []
  const found = [
    ...calls(m, r.calls),
    ...builtins(m, r.builtins),
    ...pointers(m, r.pointers),
    ...bitcasts(m, r.bitcast),
    ...variables(m, r.vec3, 'is a buffer of vec3', (v) => holdsType(v.type, m, isVec3)),
    ...variables(m, r.spaces, 'is', () => true),
  ]
  const why = r.why.replaceAll('{engine}', engine.name)
  return found.map(({ message, at }) => ({ message: `${message}: ${why}`, at }))
}

const isVec3 = (name: string) => /^vec3[fiuh]?$/.test(name)

/** Calls of builtin functions. A function of the module with that name shadows the builtin. */
function calls(m: Module, names: string[] = []): Breach[] {
  if (!names.some((name) => m.text.includes(name))) return []
  const own = new Set(m.functions.map((f) => f.name))
  return m.tokens.flatMap((t, i) =>
    names.includes(t.text) && !own.has(t.text) && m.tokens[i + 1]?.text === '('
      ? [{ message: `${t.text}()`, at: t.at }]
      : [],
  )
}

function builtins(m: Module, names: string[] = []): Breach[] {
  if (!names.some((name) => m.text.includes(name))) return []
  return m.tokens.flatMap((t, i) => {
    const isBuiltin = names.includes(t.text) && m.tokens[i - 2]?.text === 'builtin'
    return isBuiltin ? [{ message: `@builtin(${t.text})`, at: t.at }] : []
  })
}

/** Parameters of type `ptr<space, …>`, behind an alias too. */
function pointers(m: Module, spaces: string[] = []): Breach[] {
  const spaceOf = (type: Token[]): string | undefined =>
    type[0]?.text === 'ptr' ? type[2]?.text : aliased(type[0], m) && spaceOf(aliased(type[0], m)!)
  return m.functions.flatMap((f) =>
    f.params.flatMap((p) => {
      const colon = p.findIndex((t) => t.text === ':')
      const space = spaceOf(p.slice(colon + 1))
      if (space === undefined || !spaces.includes(space)) return []
      return [{ message: `${f.name} takes a pointer to ${space} memory`, at: p[0]!.at }]
    }),
  )
}

const aliased = (t: Token | undefined, m: Module) => t && m.aliases.get(t.text)

/**
 * `bitcast<vec2<f16>>(…)`, and `bitcast<u32>(vec2<f16>(…))`: the operand's type where the text begins with it.
 * Naga finds the others. An element type that needs a directive does not occur without it.
 */
function bitcasts(m: Module, element: string | undefined): Breach[] {
  if (element === undefined || !m.enables.some((t) => t.text === element)) return []
  const passes = (name: string) => name === element || (element === 'f16' && /^(vec|mat)\dx?\d?h$/.test(name))
  return m.tokens.flatMap((t, i) => {
    if (t.text !== 'bitcast' || m.tokens[i + 1]?.text !== '<') return []
    const operand = closing(m.tokens, i + 1) + 2
    const rest = m.tokens.slice(operand, operand + 8)
    const shown = rest.slice(
      0,
      rest.findIndex((u) => u.text === '('),
    )
    const types = [...m.tokens.slice(i + 1, operand), ...shown]
    return holdsType(types, m, passes) ? [{ message: `bitcast of ${element}`, at: t.at }] : []
  })
}

function variables(
  m: Module,
  spaces: string[] = [],
  what: string,
  passes: (v: Variable) => boolean,
): Breach[] {
  return m.variables
    .filter((v) => spaces.includes(v.space) && passes(v))
    .map((v) => ({ message: `${v.name} ${what} in ${v.space} memory`, at: v.at }))
}
