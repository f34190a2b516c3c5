/** What is measured for how long, and how a survey that was broken off goes on: on a device made up for it. */
import { expect, test } from 'vitest'
import type { Facts } from '../../compiler/ops/types.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import type { KernelTarget } from '../../compiler/select/types.js'
import { keyOf } from '../../compiler/tune/candidates.js'
import { tableRules } from '../../compiler/tune/rules.js'
import { type CountedSubject, subjectKey } from '../../compiler/tune/subjects.js'
import { survey } from '../../compiler/tune/survey.js'
import type { State } from '../../compiler/tune/table.js'

const { heads } = openTemplates()
const features = ['shader-f16', 'subgroups', 'packed_4x8_integer_dot_product']
const target: KernelTarget = { language: 'wgsl', features, tuning: loadTuning() }
const linear = (M: number): Facts => ({
  ...{ M, N: 96, K: 128, W: 'q4', G: 64, LDY: 96, EPI: 'none', BIAS: false, ACT: 'none', SEQ: false },
})

/** A device of three operators on which every candidate takes its own time, each measurement `cost` ms. */
function surveyOf(
  state: State,
  {
    budget = 60,
    cost = 0,
    stopAfter = Number.POSITIVE_INFINITY,
    time = (key: string, _round: number) => key.length,
  } = {},
) {
  const subjects = [1, 70, 71].map((M): CountedSubject => {
    return { op: 'linear', facts: linear(M), past: 0, name: `p${M}`, counts: { p: 1 } }
  })
  const stop = new AbortController()
  const measured: string[] = []
  let rounds = 0
  const done = survey({
    ...{ heads, kernels: target, given: () => ({}), wished: [], subjects, state, budget },
    ...{ signal: stop.signal, save: () => {}, onSubject: () => {} },
    benchOf: async (subject) => ({
      refused: new Map(),
      destroy: () => {},
      measure: async (candidates) => {
        await new Promise((resolve) => setTimeout(resolve, cost * candidates.length))
        for (const c of candidates) measured.push(`${subjectKey(subject)} ${keyOf(c)}`)
        if (measured.length > stopAfter) stop.abort(new Error('stopped'))
        rounds++
        return candidates.map((c) => time(keyOf(c), rounds))
      },
    }),
  })
  return { done, measured, subjects }
}

test('a survey ends by itself, and then knows the same without measuring', async () => {
  const state: State = {}
  const whole = await surveyOf(state).done
  expect(whole.left).toBe(0)
  expect(whole.outcomes).toHaveLength(3)
  const again = surveyOf(structuredClone(state))
  expect((await again.done).outcomes.map((o) => o.found.map((t) => keyOf(t.candidate)))).toEqual(
    whole.outcomes.map((o) => o.found.map((t) => keyOf(t.candidate))),
  )
  expect(again.measured).toEqual([])
})

test('broken off, a survey goes on from where it was', async () => {
  const state: State = {}
  const first = surveyOf(state, { stopAfter: 60 })
  await expect(first.done).rejects.toThrow('stopped')
  const second = surveyOf(state)
  expect((await second.done).left).toBe(0)
  const counted = (list: string[]) => new Set(list).size
  // The slower half is not measured again.
  const both =
    counted(first.measured) + counted(second.measured) - counted([...first.measured, ...second.measured])
  expect(both).toBeLessThan(0.75 * counted(first.measured))
})

test('clocks that rise while a survey measures make nothing faster than what is taken now', async () => {
  const { outcomes } = await surveyOf({}, { time: (_, round) => 1 / round }).done
  expect(outcomes).toHaveLength(3)
  expect(tableRules(outcomes)).toEqual([])
})

test('a budget is kept on a slow device: what there was no time for is left', async () => {
  const began = performance.now()
  const { done } = surveyOf({}, { budget: 0.2, cost: 20 })
  const { left } = await done
  expect(left).toBeGreaterThan(0)
  expect(performance.now() - began).toBeLessThan(2000)
})
