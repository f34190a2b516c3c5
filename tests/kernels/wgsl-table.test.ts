/** Whether the table of variants leaves anything out, and whether the cases mean what they say. */
import { describe, expect, test } from 'vitest'
import { ops } from '../../compiler/ops/index.js'
import { choices } from '../../compiler/ops/sample.js'
import { takesWorkgroup } from '../../compiler/select/select.js'
import { loadWorkgroups, rulesOf } from '../../compiler/select/workgroups.js'
import { caseData } from './case-data.js'
import { allJobs, needsF16, needsMatrix, templates } from './wgsl-all.js'

const jobs = allJobs()

describe('the table of variants', () => {
  // Ranges are sizes; every other domain is a list of shapes.
  test.each(templates.map((t) => [t.name, t] as const))('%s: every value of every parameter', (name, t) => {
    const seen = jobs.filter((job) => job.template.name === name)
    const untested = t.params.flatMap((param) =>
      param.domain
        .filter((value) => typeof value !== 'object')
        .filter((value) => !seen.some((job) => job.params[param.name] === value))
        .map((value) => `${param.name} = ${value}`),
    )
    expect(untested).toEqual([])
  })

  test.each(rulesOf([...loadWorkgroups().values()]))(
    'workgroup $name: every template that takes $params',
    (rule) => {
      const runs = (template: string) =>
        jobs.some(
          (job) =>
            job.template.name === template &&
            Object.entries(rule.params).every(([name, value]) => job.params[name] === value),
        )
      const taking = templates.filter((t) => takesWorkgroup(t, rule)).map((t) => t.name)
      expect(taking.filter((name) => !runs(name))).toEqual([])
    },
  )

  test('what is counted in workgroup memory is cleared first', () => {
    for (const { name, source } of templates)
      for (const [, counter] of source.matchAll(/var<workgroup> (\w+): atomic/g))
        expect(source, name).toMatch(new RegExp(`atomicStore\\(&${counter}, 0u\\)`))
  })

  test('every case has a kernel that needs no feature', () => {
    const portable = jobs.filter(
      (job) => !job.params.SUBGROUPS && !job.params.DOT4 && !needsF16(job) && !needsMatrix(job),
    )
    const covered = new Set(portable.map((job) => `${job.template.front.op.name}: ${job.opCase.name}`))
    const names = new Set(templates.map((t) => t.front.op.name))
    const all = [...names].flatMap((name) => ops[name]!.cases.map((c) => `${name}: ${c.name}`))
    expect(all.filter((c) => !covered.has(c))).toEqual([])
  })
})

describe('cases of sample', () => {
  const op = ops.sample!
  // Rounding must not decide: the second best is clearly below, and thresholds lie clearly between masses.
  test.each(op.cases.map((c) => [c.name, c] as const))('%s: is clear', (_, opCase) => {
    const { ports, step } = caseData(op, opCase)
    const logits = ports.find((p) => p.name === 'logits')!.values
    const best = (s: typeof step) => {
      const values = choices(logits, s)
      const top = values.reduce((at, v, i) => (v > values[at]! ? i : at), 0)
      const gap = values.reduce((least, v, i) => (i === top ? least : Math.min(least, values[top]! - v)), 1)
      return { top, gap }
    }
    const { top, gap } = best(step)
    if (step.temperature > 0) expect(gap).toBeGreaterThan(1e-3)
    if (step.top_p < 1)
      for (const d of [-1e-4, 1e-4])
        expect(best({ ...step, top_p: Math.max(step.top_p + d, 0) }).top).toBe(top)
  })
})
