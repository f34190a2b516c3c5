/**
 * Template, parameters and case → a dispatch in a batch. Every binding is a region of its exact size between
 * guard bytes; all of it is compared afterwards.
 */
import { ops } from '../../compiler/ops/index.js'
import type { Facts, OpCase } from '../../compiler/ops/types.js'
import {
  evaluateExpression,
  inDomain,
  isTrue,
  specialize,
  type Template,
} from '../../compiler/specialize/index.js'
import { reflect } from '../../compiler/validate/reflect.js'
import type { Batch } from './batch.js'
import { type CaseData, caseData, compare, POISON, type PortData, stepBytes } from './case-data.js'
import { compareNarrow, narrowPorts, withNarrow } from './int8-data.js'

export interface Job {
  label: string
  template: Template
  /** Parameters that are no facts. */
  variant: Facts
  opCase: OpCase
  /** All parameters of the template. */
  params: Facts
}

/** The template's parameters at a case, or undefined when the template does not take it: as selection has it. */
export function paramsFor(template: Template, variant: Facts, facts: Facts): Facts | undefined {
  const params: Facts = {}
  for (const { name, domain, default: value } of template.params) {
    params[name] = variant[name] ?? facts[name] ?? value
    if (!(name in variant) && !inDomain(domain, params[name])) return undefined
  }
  const env = { ...facts, ...params }
  return template.front.needs.every((need) => isTrue(need, env)) ? params : undefined
}

const cache = new Map<string, CaseData>()

function dataOf(template: Template, opCase: OpCase): CaseData {
  const op = template.front.op.name
  const narrow = narrowPorts(template)
  const key = `${op}: ${opCase.name}: ${JSON.stringify(narrow)}`
  let data = cache.get(key)
  if (!data) {
    data = caseData(ops[op]!, opCase)
    if (Object.keys(narrow).length > 0) data = withNarrow(ops[op]!, data, narrow)
    cache.set(key, data)
  }
  return data
}

const GUARD = 256
const align = (bytes: number) => Math.ceil(bytes / 256) * 256

/** Bytes of one buffer in the making: regions between guards. */
class Space {
  private parts: [offset: number, bytes: Uint8Array][] = []
  private end = GUARD

  add(bytes: Uint8Array): [offset: number, bytes: number] {
    const offset = this.end
    this.parts.push([offset, bytes])
    this.end += align(bytes.length) + GUARD
    return [offset, bytes.length]
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(new Uint32Array(this.end / 4).fill(POISON).buffer)
    for (const [offset, bytes] of this.parts) all.set(bytes, offset)
    return all
  }
}

export interface JobBatch {
  jobs: Job[]
  batch: Batch
  /** What went wrong, by job, given the `write` buffer afterwards. */
  check(write: Uint8Array): string[][]
}

/** Text of a job's kernel. */
export const codeOf = (job: Job): string => specialize(job.template, job.params).text

function gridOf({ template, opCase, params }: Job): [number, number, number] {
  const sizes = template.front.grid.map((e) => Number(evaluateExpression(e, { ...opCase.facts, ...params })))
  return [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1]
}

/** One batch of all these jobs. */
export function makeBatch(jobs: Job[]): JobBatch {
  const spaces = { read: new Space(), write: new Space(), uniform: new Space() }
  const kernels: Batch['kernels'] = []
  const known = new Map<string, number>()
  const outputs: { job: number; data: CaseData; port: PortData; offset: number }[] = []
  const dispatches = jobs.map((job, index): Batch['dispatches'][number] => {
    const code = codeOf(job)
    const { bindings } = reflect(code, job.template.name)
    let kernel = known.get(code)
    if (kernel === undefined) {
      kernel = kernels.push({ code, bindings: bindings.map((b) => [b.number, b.kind]) }) - 1
      known.set(code, kernel)
    }
    const data = dataOf(job.template, job.opCase)
    const bytes: Record<string, Uint8Array> = { step: stepBytes(data.step) }
    for (const port of data.ports) Object.assign(bytes, port.bytes)
    const bind = bindings.map(({ name, number, kind }): Batch['dispatches'][number]['bind'][number] => {
      const content = bytes[name]
      if (!content) throw new Error(`${job.label}: the case has no ${name}`)
      const buffer = ({ r: 'read', w: 'write', u: 'uniform' } as const)[kind]
      const [offset, length] = spaces[buffer].add(content)
      const port = data.ports.find((p) => p.name === name)
      if (port?.expected) outputs.push({ job: index, data, port, offset })
      // The guard behind a region is bound with it: engines keep accesses inside the binding, so that a kernel
      // which reads or writes beyond its operand would otherwise find its last element, and nobody noticed. One
      // that asks for an operand's length gets it exactly.
      const exact = kind === 'u' || code.includes('arrayLength')
      return [number, buffer, offset, exact ? length : align(length) + GUARD]
    })
    return { kernel, bind, grid: gridOf(job) }
  })
  const batch: Batch = {
    kernels,
    dispatches,
    read: spaces.read.bytes(),
    write: spaces.write.bytes(),
    uniform: spaces.uniform.bytes(),
  }

  const check = (found: Uint8Array): string[][] => {
    const wrong: string[][] = jobs.map(() => [])
    for (const { job, data, port, offset } of outputs) {
      const { template, params } = jobs[job]!
      const region = found.subarray(offset, offset + port.bytes[port.name]!.length)
      const op = ops[template.front.op.name]!
      const narrow = narrowPorts(template)[port.name]
      wrong[job]!.push(
        ...(narrow !== undefined
          ? compareNarrow(narrow, op, data, port, params, region)
          : compare(op, data, port, params, region)),
      )
    }
    // What the outputs held before is back in place: everything must be as it was.
    if (Buffer.compare(found, batch.write) !== 0) {
      const at = found.findIndex((byte, i) => byte !== batch.write[i])
      const owner = dispatches.findIndex(({ bind }) =>
        bind.some(
          ([, buffer, offset, n]) =>
            buffer === 'write' && at >= offset - GUARD && at < offset + align(n) + GUARD,
        ),
      )
      wrong[owner]?.push(
        `it wrote outside its output, at byte ${at} of ${JSON.stringify(dispatches[owner]!.bind)}`,
      )
    }
    return wrong
  }
  return { jobs, batch, check }
}
