/** Every case's outcome, and the committed list of them. */
import type { NodeCase } from './cases.js'
import { type Executor, executor } from './execute.js'
import { isOut, type Planned, plan, wrong } from './judge.js'

/** Cases in a submit. */
const BATCH = 50

export interface Outcomes {
  /** Case → `passed`, or what stands in the way. */
  cases: Record<string, string>
  /** In reach, and yet wrong: always empty in a committed list. */
  failed: Record<string, string>
}

const message = (e: unknown) => (e instanceof Error ? e.message.split('\n')[0]! : String(e)).slice(0, 300)

function passed({ nodes, constants }: Planned): string {
  const how = nodes === 0 ? 'passed while translating' : 'passed'
  return constants.length > 0 ? `${how}, given ${constants.join(', ')} as constants` : how
}

/** Each case by itself, where a batch does not run as a whole: to find the one that breaks it. */
async function runEach(on: Executor, batch: Planned[]): Promise<(Map<string, Float64Array> | string)[]> {
  try {
    return await on.run(batch.map((p) => p.program))
  } catch (e) {
    if (batch.length === 1) return [message(e)]
    const half = Math.ceil(batch.length / 2)
    return [...(await runEach(on, batch.slice(0, half))), ...(await runEach(on, batch.slice(half)))]
  }
}

export async function runCases(device: GPUDevice, cases: NodeCase[]): Promise<Outcomes> {
  const on = executor(device)
  const outcomes: Outcomes = { cases: {}, failed: {} }
  const ready: Planned[] = []
  for (const c of cases) {
    try {
      const planned = plan(c)
      if (isOut(planned)) outcomes.cases[c.name] = planned.reason
      else ready.push(planned)
    } catch (e) {
      outcomes.failed[c.name] = message(e)
    }
  }
  for (let i = 0; i < ready.length; i += BATCH) {
    const batch = ready.slice(i, i + BATCH)
    const results = await runEach(on, batch)
    batch.forEach((planned, k) => {
      const result = results[k]!
      const fault = typeof result === 'string' ? result : wrong(planned, result)
      if (!fault) outcomes.cases[planned.name] = passed(planned)
      else if (planned.odd) outcomes.cases[planned.name] = 'infinities or NaN, on which WGSL promises nothing'
      else outcomes.failed[planned.name] = fault
    })
  }
  return outcomes
}

export const isPassed = (outcome: string): boolean => outcome.startsWith('passed')

/** The list as a file: totals, what passes of each operator's cases, and every case. */
export function report(cases: NodeCase[], { cases: outcomes }: Outcomes): string {
  const all = Object.values(outcomes)
  const count = (test: (outcome: string) => boolean) => all.filter(test).length
  const operators = new Map<string, [passed: number, of: number]>()
  for (const { name, model } of cases)
    for (const op of new Set(model.graph.nodes.map((n) => (n.domain ? `${n.domain}.${n.op}` : n.op)))) {
      const [passed, of] = operators.get(op) ?? [0, 0]
      operators.set(op, [passed + Number(isPassed(outcomes[name]!)), of + 1])
    }
  const sorted = [...operators].sort(([a], [b]) => (a < b ? -1 : 1))
  const list = {
    about:
      'Written by WGC_ONNX=write npx vitest run tests/onnx/node.test.ts. Values are held in f32 here, whatever type a case says: doubles rounded, integers and truths exactly (cases with larger ones than 2^24 are out of reach). "Given … as constants": inputs that decide shapes or places, known while compiling; "while translating": no kernel is left to run.',
    totals: {
      cases: all.length,
      passed: count((o) => isPassed(o) && !o.includes('while translating')),
      'passed while translating': count((o) => o.startsWith('passed while translating')),
      'out of reach': count((o) => !isPassed(o)),
    },
    operators: Object.fromEntries(sorted.map(([op, [passed, of]]) => [op, `${passed} of ${of}`])),
    cases: Object.fromEntries(cases.map(({ name }) => [name, outcomes[name]!])),
  }
  return `${JSON.stringify(list, null, 2)}\n`
}
