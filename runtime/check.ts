/**
 * A bundle is untrusted input: nothing of a manifest or plan is used before it passed here. What passes
 * has every index, offset and size in range. Throws IntegrityError that names the place.
 */
import { IntegrityError } from './errors.js'
import { isOp, isSym } from './expr.js'
import {
  type BufferKind,
  type BufferSpec,
  FORMAT_VERSION,
  GENERATING,
  type Manifest,
  type Plan,
  STEP_BYTES,
  type Variant,
} from './format.js'

/** Beyond `Variant.memory`: the step uniform, the token ids, rounding. */
const MEMORY_SLACK = 1 << 20
const MAX_LIST = 1 << 20
const MAX_DEPTH = 16
const FILE = /^\w[\w.-]*$/

type Json = Record<string, unknown>

function bad(where: string, what: string): never {
  throw new IntegrityError(`malformed bundle: ${where} ${what}`)
}

function object(v: unknown, where: string): Json {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) bad(where, 'is no object')
  return v as Json
}

function list(v: unknown, where: string): unknown[] {
  if (!Array.isArray(v) || v.length > MAX_LIST) bad(where, 'is no list, or too long')
  return v as unknown[]
}

function string(v: unknown, where: string): string {
  if (typeof v !== 'string') bad(where, 'is no string')
  return v as string
}

function integer(v: unknown, where: string, max = Number.MAX_SAFE_INTEGER, min = 0): number {
  if (!Number.isSafeInteger(v) || (v as number) < min || (v as number) > max) {
    bad(where, `is no integer from ${min} to ${max}`)
  }
  return v as number
}

function oneOf<T>(v: unknown, options: readonly T[], where: string): T {
  if (!options.includes(v as T)) bad(where, `is none of ${options.join(', ')}`)
  return v as T
}

/** Checks every entry of a record. */
function entries(
  v: unknown,
  where: string,
  check: (value: unknown, where: string, key: string) => void,
): void {
  for (const [key, value] of Object.entries(object(v, where))) check(value, `${where}.${key}`, key)
}

function each(v: unknown, where: string, check: (value: unknown, where: string) => void): void {
  list(v, where).forEach((value, i) => {
    check(value, `${where}[${i}]`)
  })
}

export function checkManifest(value: unknown): Manifest {
  const m = object(value, 'manifest.json')
  if (m.format !== FORMAT_VERSION) {
    bad('manifest.json', `has format ${m.format}; this runtime reads format ${FORMAT_VERSION}`)
  }
  string(m.wgc, 'wgc')
  const model = object(m.model, 'model')
  for (const key of ['family', 'name', 'weights']) string(model[key], `model.${key}`)
  for (const key of ['parameters', 'vocab', 'context']) integer(model[key], `model.${key}`)
  each(model.eos, 'model.eos', integer)
  if (model.bos !== undefined) integer(model.bos, 'model.bos')

  entries(m.files, 'files', (v, where, name) => {
    if (!FILE.test(name)) bad(where, 'is no plain file name')
    const file = object(v, where)
    integer(file.bytes, `${where}.bytes`)
    if (!/^[\da-f]{64}$/.test(string(file.sha256, `${where}.sha256`))) bad(where, 'has no SHA-256')
  })
  const file = (v: unknown, where: string) => {
    if (!Object.hasOwn(m.files as Json, string(v, where))) bad(where, `names no file of the bundle`)
  }
  const way = (v: Json, where: string) => {
    file(v.plan, `${where}.plan`)
    file(v.code, `${where}.code`)
    entries(v.limits, `${where}.limits`, (n, at) => integer(n, at))
    integer(v.memory, `${where}.memory`)
  }
  entries(m.variants, 'variants', (v, where) => {
    const variant = object(v, where)
    oneOf(variant.backend, ['webgpu', 'wasm'], `${where}.backend`)
    if (variant.engine !== undefined) string(variant.engine, `${where}.engine`)
    each(variant.vendors ?? [], `${where}.vendors`, string)
    each(variant.features, `${where}.features`, string)
    entries(variant.wait ?? {}, `${where}.wait`, (n, at) => integer(n, at, 1e6, 1))
    way(variant, where)
    string(variant.kv ?? '', `${where}.kv`)
    integer(variant.chunk ?? 0, `${where}.chunk`)
    each(variant.smaller ?? [], `${where}.smaller`, (v, at) => {
      const less = object(v, at)
      way(less, at)
      string(less.kv, `${at}.kv`)
      for (const key of ['context', 'chunk']) integer(less[key], `${at}.${key}`, 2 ** 31, 1)
    })
  })
  entries(m.targets, 'targets', (v, where) => {
    each(v, where, (id, at) => {
      if (!Object.hasOwn(m.variants as Json, string(id, at))) bad(at, 'names no variant')
    })
  })
  if (m.preprocessor !== undefined) file(m.preprocessor, 'preprocessor')
  if (m.flow !== undefined) checkFlow(m.flow)
  if (model.labels !== undefined) each(model.labels, 'model.labels', string)
  if (model.components !== undefined)
    entries(model.components, 'model.components', (v, where) => each(v, where, string))
  if (m.tokenizer !== undefined) {
    const t = object(m.tokenizer, 'tokenizer')
    file(t.tokenizer, 'tokenizer.tokenizer')
    if (t.config !== undefined) file(t.config, 'tokenizer.config')
  }
  return value as Manifest
}

/** Names of programs and values are looked up as they come: a wrong one is an error where it is used. */
function checkFlow(value: unknown): void {
  const f = object(value, 'flow')
  each(f.inputs, 'flow.inputs', (v, where) => {
    const input = object(v, where)
    string(input.name, `${where}.name`)
    oneOf(input.dtype, ['f32', 'u32'], `${where}.dtype`)
    each(input.shape, `${where}.shape`, expression)
    if (input.fill !== undefined && typeof input.fill !== 'number') bad(`${where}.fill`, 'is no number')
  })
  each(f.outputs, 'flow.outputs', string)
  const names = (v: unknown, where: string) => entries(v ?? {}, where, string)
  const lists = (of: Json, where: string, keys: string[]) => {
    for (const key of keys) each(of[key] ?? [], `${where}.${key}`, string)
  }
  each(f.calls, 'flow.calls', (v, where) => {
    const call = object(v, where)
    string(call.program ?? call.host, `${where}.program`)
    if (call.args !== undefined) object(call.args, `${where}.args`)
    if (call.advance !== undefined && !((call.advance as number) >= 0))
      bad(`${where}.advance`, 'is no number')
    for (const key of ['inputs', 'outputs', 'sizes']) names(call[key], `${where}.${key}`)
    if (call.counts !== undefined) string(call.counts, `${where}.counts`)
    lists(call, where, ['each', 'otherwise', 'gives', 'needs', 'uses'])
  })
  if (f.generate === undefined) return
  const how = object(f.generate, 'flow.generate')
  if (how.prompt !== undefined) string(how.prompt, 'flow.generate.prompt')
  each(how.start ?? [], 'flow.generate.start', integer)
  lists(how, 'flow.generate', ['needs'])
}

const KINDS: readonly BufferKind[] = ['weights', 'state', 'arena', 'tokens', 'step', 'sizes']

export function checkPlan(value: unknown, manifest: Manifest, variant: Variant): Plan {
  const p = object(value, 'plan')
  let fixed = 0
  each(p.buffers, 'buffers', (v, where) => {
    const b = object(v, where)
    oneOf(b.kind, KINDS, `${where}.kind`)
    fixed += integer(b.bytes, `${where}.bytes`)
    if ((b.bytes as number) % 4) bad(where, 'is not a multiple of 4 bytes long')
    if (b.kind === 'step' && (b.bytes as number) < STEP_BYTES) bad(where, 'is too short for the step')
  })
  const buffers = p.buffers as BufferSpec[]
  for (const kind of ['arena', 'tokens', 'step', 'sizes']) {
    if (buffers.filter((b) => b.kind === kind).length > 1) bad('buffers', `hold more than one ${kind}`)
  }
  each(p.shards, 'shards', (v, where) => {
    const s = object(v, where)
    const name = string(s.file, `${where}.file`)
    if (!Object.hasOwn(manifest.files, name)) bad(where, 'names no file of the bundle')
    const bytes = integer(s.bytes, `${where}.bytes`)
    if (bytes % 4 || bytes !== manifest.files[name]?.bytes) bad(where, 'has another size than its file')
    const b = buffers[integer(s.buffer, `${where}.buffer`)]
    if (b?.kind !== 'weights') bad(where, 'goes to no weights buffer')
    const offset = integer(s.offset, `${where}.offset`)
    if (offset % 4 || offset + bytes > (b as BufferSpec).bytes) bad(where, 'does not fit its buffer')
  })
  const wgsl = variant.backend === 'webgpu'
  const operands: (number | undefined)[] = []
  each(p.kernels, 'kernels', (v, where) => {
    const k = object(v, where)
    string(k.name, `${where}.name`)
    if (wgsl) {
      const seen = new Set<unknown>()
      each(k.bindings, `${where}.bindings`, (binding, at) => {
        const [n, kind] = list(binding, at)
        integer(n, at, 999)
        oneOf(kind, ['r', 'w', 'u'], at)
        seen.add(n)
      })
      operands.push(seen.size)
      if (seen.size !== (k.bindings as unknown[]).length) bad(where, 'has a binding twice')
    } else operands.push(undefined)
  })

  const programs = object(p.programs, 'programs')
  const generates = GENERATING.some((name) => Object.hasOwn(programs, name))
  let arena = 0
  entries(programs, 'programs', (v, where, name) => {
    const program = object(v, where)
    integer(program.maxSeq, `${where}.maxSeq`, 2 ** 31, 1)
    if (program.context !== undefined) integer(program.context, `${where}.context`, 2 ** 31, 1)
    if (program.limits !== undefined)
      entries(program.limits, `${where}.limits`, (n, at) => integer(n, at, 2 ** 31))
    const scratch = integer(program.arena, `${where}.arena`)
    if (scratch % 4) bad(where, 'has an arena that is not a multiple of 4 bytes long')
    if (!generates || GENERATING.includes(name)) arena = Math.max(arena, scratch)
    const region = (r: unknown, at: string) => {
      const [buffer, offset, bytes] = list(r, at)
      const b = buffers[integer(buffer, at)]
      if (!b) return bad(at, 'names no buffer')
      const size = b.kind === 'arena' ? scratch : b.bytes
      integer(bytes, at, size, 4)
      integer(offset, at, size - (bytes as number))
      if ((offset as number) % 256 || (bytes as number) % 4) bad(at, 'is not aligned')
    }
    for (const side of ['inputs', 'outputs']) {
      each(program[side], `${where}.${side}`, (port, at) => {
        const t = object(port, at)
        string(t.name, `${at}.name`)
        oneOf(t.dtype, ['f32', 'u32'], `${at}.dtype`)
        each(t.shape, `${at}.shape`, expression)
        region(t.region, `${at}.region`)
      })
    }
    each(program.sizes ?? [], `${where}.sizes`, (s, at) => {
      const list = object(s, at)
      each(list.values, `${at}.values`, expression)
      const bytes = (list.values as unknown[]).length * 4
      region([buffers.findIndex((b) => b.kind === 'sizes'), list.offset, bytes], at)
    })
    each(program.dispatches, `${where}.dispatches`, (dispatch, at) => {
      const d = object(dispatch, at)
      const kernel = integer(d.kernel, `${at}.kernel`, operands.length - 1)
      each(d.bind, `${at}.bind`, (r, place) => {
        if (r !== null || wgsl) region(r, place)
      })
      if (wgsl && operands[kernel] !== (d.bind as unknown[]).length)
        bad(at, 'binds another number than its kernel')
      each(d.grid, `${at}.grid`, expression)
      integer((d.grid as unknown[]).length, `${at}.grid`, wgsl ? 3 : 1, 1)
      if (d.args !== undefined) {
        each(d.args, `${at}.args`, (e, place) => {
          if (!Number.isFinite(e)) expression(e, place)
        })
      }
      if (d.grain !== undefined) integer(d.grain, `${at}.grain`, 2 ** 31, 1)
      string(d.label, `${at}.label`)
    })
  })
  if (fixed + arena > variant.memory + MEMORY_SLACK) bad('plan', 'takes more memory than the manifest says')
  return value as Plan
}

function expression(e: unknown, where: string, depth = 0): void {
  // A term may be below 0, a size may not.
  if (typeof e === 'number') integer(e, where, Number.MAX_SAFE_INTEGER, depth ? -Number.MAX_SAFE_INTEGER : 0)
  else if (typeof e === 'string') isSym(e) || bad(where, 'is no name of a size')
  else {
    const [op, a, b, ...more] = list(e, where)
    if (!isOp(op) || more.length || depth > MAX_DEPTH) bad(where, 'is no expression')
    expression(a, where, depth + 1)
    expression(b, where, depth + 1)
  }
}
