/** Models for tests of the tasks: what they compute is written in the test. */
import type { Generation } from '../../runtime/generate.js'
import type { TaskGenerateOptions, TaskInputs, TaskModel } from '../../runtime/tasks/model.js'
import type { Tensor } from '../../runtime/tensor.js'

export const tensor = (shape: number[], values: ArrayLike<number>): Tensor => ({
  ...{ dtype: 'f32', shape, data: Float32Array.from(values) },
})

/** Ids are code points from 10 on; a text in `<…>` that is listed is a token of its own, which is no text. */
export function letters(specials: readonly string[] = ['<s>', '</s>'], config: unknown = {}) {
  return {
    config,
    encode(text: string, { addSpecial }: { addSpecial: boolean }): number[] {
      const parts = text.split(/(<[^<>]*>)/).flatMap((p) => {
        const id = specials.indexOf(p)
        return id >= 0 ? [id] : Array.from(p, (c) => c.codePointAt(0)! + 10)
      })
      return addSpecial ? [0, ...parts, 1] : parts
    },
    decode: (ids: number[]) => ids.map((id) => (id >= 10 ? String.fromCodePoint(id - 10) : '')).join(''),
  }
}

/** What a model was asked, in order. */
export interface Asked {
  runs: { inputs: TaskInputs; outputs: readonly string[] | undefined }[]
  generations: { prompt: number[]; options: TaskGenerateOptions }[]
}

export interface MockParts extends Partial<Omit<TaskModel, 'run' | 'generateIds'>> {
  takes?: readonly string[]
  gives?: readonly string[]
  run?: (inputs: TaskInputs) => Record<string, Tensor>
  /** Ids to answer a prompt with; 1 ends the turn. */
  answer?: (context: number[], options: TaskGenerateOptions) => readonly number[]
}

export function mockModel(parts: MockParts): TaskModel & { asked: Asked } {
  const { takes = [], gives = [], run = () => ({}), answer = () => [1], ...rest } = parts
  const asked: Asked = { runs: [], generations: [] }
  let context: number[] = []
  return {
    ...{
      asked,
      info: { eos: [1], context: 4096 },
      tokenizer: letters(),
      programs: parts.answer ? ['decode'] : ['forward'],
    },
    flow: { inputs: takes.map((name) => ({ name, shape: [] })), outputs: gives },
    ...rest,
    get length() {
      return context.length
    },
    async run(inputs, options) {
      asked.runs.push({ inputs, outputs: options?.outputs })
      context = []
      return run(inputs)
    },
    async *generateIds(prompt, options = {}) {
      asked.generations.push({ prompt: Array.from(prompt), options })
      context = [...(options.continue ? context : []), ...Array.from(prompt)]
      const stats: Generation & { end?: number } = {
        ...{
          reason: 'length',
          tokens: 0,
          promptTokens: prompt.length,
          timeToFirstToken: 0,
          tokensPerSecond: 0,
        },
      }
      for (const id of answer([...context], options)) {
        if (stats.tokens === (options.maxTokens ?? 256)) return stats
        context.push(id)
        if (id === 1) return { ...stats, reason: 'eos', end: id }
        stats.tokens++
        yield id
      }
      return stats
    },
  }
}

/** What a stream gave, and what it returned. */
export async function drain<T, R>(source: AsyncGenerator<T, R, void>): Promise<{ pieces: T[]; result: R }> {
  const pieces: T[] = []
  for (;;) {
    const { done, value } = await source.next()
    if (done) return { pieces, result: value }
    pieces.push(value)
  }
}
