/** What a model does whichever executor runs it: the same tests for WebGPU and wasm. */
import { expect, it } from 'vitest'
import type { Generation, LoadOptions, Model, Tokenizer } from '../../runtime/index.js'
import { IntegrityError, load } from '../../runtime/index.js'
import { type Bundle, CONTEXT, continuation, logitsAt, memorySource, VOCAB } from './tiny-bundle.js'

const GREEDY = { temperature: 0, maxTokens: 8 }

async function collect<T>(
  stream: AsyncGenerator<T, Generation, void>,
): Promise<{ all: T[]; end: Generation }> {
  const all: T[] = []
  for (;;) {
    const { done, value } = await stream.next()
    if (done) return { all, end: value }
    all.push(value)
  }
}

/** Letters for tokens: a is 0. */
const letters: Tokenizer = {
  encode: (text) => Array.from(text, (c) => c.charCodeAt(0) - 97),
  decode: (ids) => ids.map((id) => String.fromCharCode(97 + id)).join(''),
}

export function behavesLikeAModel(setup: () => { bundle: Bundle; options: LoadOptions }): void {
  const using = async (test: (model: Model) => Promise<void>, more: LoadOptions = {}, bundle?: Bundle) => {
    const { bundle: whole, options } = setup()
    const model = await load(memorySource(bundle ?? whole), { ...options, ...more })
    try {
      await test(model)
    } finally {
      model.destroy()
    }
  }
  const withInfo = (info: Partial<Bundle['manifest']['model']>): Bundle => {
    const { bundle } = setup()
    return { ...bundle, manifest: { ...bundle.manifest, model: { ...bundle.manifest.model, ...info } } }
  }

  it('continues prompts of every length, in chunks and not', () =>
    using(async (model) => {
      for (const n of [1, 2, 4, 5, 8, 11]) {
        const prompt = Array.from({ length: n }, (_, i) => (i * 5 + 1) % VOCAB)
        const { all, end } = await collect(model.generateIds(prompt, GREEDY))
        expect(all).toEqual(continuation(prompt, 8))
        expect(end).toMatchObject({ reason: 'length', tokens: 8, promptTokens: n })
        expect(end.timeToFirstToken).toBeGreaterThan(0)
        expect(end.tokensPerSecond).toBeGreaterThan(0)
        expect(model.stats).toEqual(end)
      }
    }))

  it('fills the context to its end', () =>
    using(async (model) => {
      const { all, end } = await collect(model.generateIds([3, 4, 5], { ...GREEDY, maxTokens: Infinity }))
      expect(all).toEqual(continuation([3, 4, 5], CONTEXT - 2))
      expect(end.reason).toBe('context')
      const full = Array.from({ length: CONTEXT }, () => 1)
      expect((await collect(model.generateIds(full, GREEDY))).all).toEqual(continuation(full, 1))
      const long = collect(model.generateIds([...full, 1], GREEDY))
      await expect(long).rejects.toThrow(
        new RangeError(`the prompt has ${CONTEXT + 1} tokens; the model takes ${CONTEXT}`),
      )
    }))

  it('ends at an end token, and does not give it out', async () => {
    const expected = continuation([1, 2], 6)
    const eos = expected[4]!
    const until = expected.slice(0, expected.indexOf(eos))
    await using(
      async (model) => {
        const { all, end } = await collect(model.generateIds([1, 2], GREEDY))
        expect(all).toEqual(until)
        expect(end).toMatchObject({ reason: 'eos', tokens: until.length })
      },
      {},
      withInfo({ eos: [eos] }),
    )
  })

  it('hands the sampling options to the sampler', () =>
    using(async (model) => {
      const { all } = await collect(model.generateIds([1, 2], { temperature: 0.5, seed: 3, maxTokens: 1 }))
      expect(all).toEqual([(continuation([1, 2], 1)[0]! + 3) % VOCAB])
    }))

  it('refuses prompts and options that make no sense', () =>
    using(async (model) => {
      const refused = (prompt: number[] | string, options: object, error: unknown) =>
        expect(collect(model.generateIds(prompt, { ...GREEDY, ...options }))).rejects.toThrow(error as Error)
      await refused([], {}, new RangeError('the prompt is empty'))
      await refused([VOCAB], {}, RangeError)
      await refused([-1], {}, RangeError)
      await refused([1.5], {}, RangeError)
      await refused('abc', {}, TypeError)
      await refused([1], { maxTokens: 0 }, RangeError)
      await refused([1], { temperature: -1 }, RangeError)
      await refused([1], { temperature: Number.NaN }, RangeError)
      await refused([1], { topK: 1.5 }, RangeError)
      await refused([1], { topP: 0 }, RangeError)
      await refused([1], { seed: 0.1 }, RangeError)
      expect((await collect(model.generateIds([1, 2], GREEDY))).all).toEqual(continuation([1, 2], 8))
    }))

  it('runs one generation at a time', () =>
    using(async (model) => {
      const first = model.generateIds([1, 2], GREEDY)
      await first.next()
      await expect(collect(model.generateIds([1], GREEDY))).rejects.toThrow(/busy/)
      await expect(model.run({ input_ids: [1] })).rejects.toThrow(/busy/)
      await first.return(undefined as never)
      expect((await collect(model.generateIds([1, 2], GREEDY))).all).toEqual(continuation([1, 2], 8))
    }))

  it('is usable after its loop was left, and goes on from there when asked', () =>
    using(async (model) => {
      const seen: number[] = []
      for await (const id of model.generateIds([1, 2], { ...GREEDY, maxTokens: 20 })) {
        seen.push(id)
        if (seen.length === 3) break
      }
      expect(model.stats).toMatchObject({ reason: 'aborted', tokens: 3 })
      const so_far = [1, 2, ...seen, 7, 8, 9]
      const { all } = await collect(model.generateIds([7, 8, 9], { ...GREEDY, continue: true }))
      expect(all).toEqual(continuation(so_far, 8))
      expect((await collect(model.generateIds([5], GREEDY))).all).toEqual(continuation([5], 8))
    }))

  it('aborts before, within, and stays usable', () =>
    using(async (model) => {
      const controller = new AbortController()
      const loop = async () => {
        for await (const _ of model.generateIds([1, 2], {
          ...GREEDY,
          maxTokens: 30,
          signal: controller.signal,
        })) {
          controller.abort()
        }
      }
      await expect(loop()).rejects.toMatchObject({ name: 'AbortError' })
      expect(model.stats).toMatchObject({ reason: 'aborted', tokens: 1 })
      await expect(collect(model.generateIds([1], { signal: AbortSignal.abort() }))).rejects.toMatchObject({
        name: 'AbortError',
      })
      await expect(model.run({ input_ids: [1] }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      })
      expect((await collect(model.generateIds([1, 2], GREEDY))).all).toEqual(continuation([1, 2], 8))
    }))

  it('gives text with a tokenizer', () =>
    using(
      async (model) => {
        const expected = letters.decode(continuation([1, 2], 8))
        const { all, end } = await collect(model.generate('bc', GREEDY))
        expect(all.join('')).toBe(expected)
        expect(end.reason).toBe('length')
        const stop = expected.slice(3, 5)
        const stopped = await collect(model.generate([1, 2], { ...GREEDY, stop: ['zz', stop] }))
        expect(stopped.all.join('')).toBe(expected.slice(0, expected.indexOf(stop)))
        expect(stopped.end.reason).toBe('stop')
        expect(model.stats?.reason).toBe('stop')
        for await (const _ of model.generate('bc', GREEDY)) break
        expect((await collect(model.generate('bc', GREEDY))).all.join('')).toBe(expected)
      },
      { tokenizer: letters },
    ))

  it('runs programs once, in steps, and joins what they give', () =>
    using(async (model) => {
      const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
      for (const input_ids of [
        ids,
        Uint32Array.from(ids),
        BigInt64Array.from(ids.map(BigInt)),
        { data: ids },
      ]) {
        const { logits } = await model.run({ input_ids })
        expect(logits).toMatchObject({ dtype: 'f32', shape: [ids.length, VOCAB] })
        // Adding 0 makes 0 of -0.
        expect(Array.from(logits!.data, (v) => v + 0)).toEqual(ids.flatMap((_, m) => logitsAt(ids, m)))
      }
      await expect(model.run({})).rejects.toThrow(
        /input input_ids is missing; the model takes input_ids: u32 \[batch,seq\]/,
      )
      await expect(model.run({ input_ids: [VOCAB] })).rejects.toThrow(RangeError)
      await expect(model.run({ input_ids: [] })).rejects.toThrow(RangeError)
      await expect(model.run({ input_ids: Array(CONTEXT + 1).fill(0) })).rejects.toThrow(RangeError)
      await expect(model.run({ input_ids: [1] }, { program: 'constructor' })).rejects.toThrow(/no program/)
      // It forgot the conversation that it wrote over.
      const { all } = await collect(model.generateIds([5], { ...GREEDY, continue: true }))
      expect(all).toEqual(continuation([5], 8))
    }))

  it('reports progress and what was chosen', async () => {
    const seen: string[] = []
    let last = { loaded: 0, total: 0 }
    const onProgress: LoadOptions['onProgress'] = (p) => {
      if (seen.at(-1) !== p.phase) seen.push(p.phase)
      expect(p.loaded).toBeLessThanOrEqual(p.total)
      if (p.phase === 'download') last = p
    }
    await using(
      async (model) => {
        expect(new Set(seen)).toEqual(new Set(['download', 'compile', 'ready']))
        expect(seen.at(-1)).toBe('ready')
        expect(last.loaded).toBe(last.total)
        const { download, compile, ready } = model.loading
        expect(Math.min(download!, compile!)).toBeGreaterThan(0)
        expect(ready).toBeGreaterThanOrEqual(Math.max(download!, compile!))
        expect(model.reasons.find((r) => r.id === model.variant)).toMatchObject({ ok: true, why: 'taken' })
        expect(model.programs).toEqual(['prefill', 'decode', 'forward'])
        expect(structuredClone(model.capabilities)).toEqual(model.capabilities)
      },
      { onProgress },
    )
  })

  it('throws AbortError once destroyed', () =>
    using(async (model) => {
      const steps = model.generateIds([1, 2], { ...GREEDY, maxTokens: 30 })
      await steps.next()
      model.destroy()
      await expect(collect(steps)).rejects.toMatchObject({ name: 'AbortError' })
      await expect(collect(model.generateIds([1], GREEDY))).rejects.toMatchObject({ name: 'AbortError' })
    }))

  it('resets', () =>
    using(async (model) => {
      await collect(model.generateIds([1, 2], GREEDY))
      model.reset()
      const { all } = await collect(model.generateIds([4], { ...GREEDY, continue: true }))
      expect(all).toEqual(continuation([4], 8))
    }))

  it('notices a damaged, long or short shard', async () => {
    const { bundle, options } = setup()
    const shard = bundle.files.get('weights-1.bin')!
    const flipped = shard.slice()
    flipped[5]! ^= 1
    for (const bytes of [flipped, shard.slice(0, -1), new Uint8Array([...shard, 0])]) {
      const files = new Map([...bundle.files, ['weights-1.bin', bytes]])
      const damaged = load(memorySource({ manifest: bundle.manifest, files }), options)
      await expect(damaged).rejects.toBeInstanceOf(IntegrityError)
      await expect(damaged).rejects.toThrow(/weights-1.bin/)
    }
    const files = new Map([...bundle.files, ['weights-1.bin', flipped]])
    const unchecked = await load(memorySource({ ...bundle, files }), { ...options, integrity: 'off' })
    unchecked.destroy()
  })

  it('gives up loading when its signal fires', async () => {
    const { bundle, options } = setup()
    const source = memorySource(bundle, 5)
    const signal = AbortSignal.timeout(30)
    await expect(load(source, { ...options, signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(load(source, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
}
