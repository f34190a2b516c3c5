/** Chats: what is computed anew, what is not, and what ends a turn. */
import { describe, expect, test } from 'vitest'
import { chat, renderMessages } from '../../runtime/tasks/chat.js'
import type { Message } from '../../runtime/tasks/messages.js'
import { picture } from '../helpers/task-fixtures.js'
import { drain, letters, type MockParts, mockModel } from '../helpers/task-model.js'

const template =
  '{{ bos_token }}{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}a:{% endif %}'
const config = { chat_template: template, bos_token: '<s>', eos_token: { content: '</s>' } }
const tokenizer = letters(['<s>', '</s>'], config)
const ids = (text: string) => tokenizer.encode(text, { addSpecial: false })

/** Says how long the context was. */
const model = (parts: MockParts = {}) =>
  mockModel({ tokenizer, answer: (context) => [...ids(`n${context.length}`), 1], ...parts })

const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string): Message => ({ role: 'assistant', content })

test('renders what the model was trained on', async () => {
  expect(await renderMessages(model(), [user('Hi')])).toBe('<s>u:Hi</s>a:')
  expect(await renderMessages(model(), [user('Hi')], { addGenerationPrompt: false })).toBe('<s>u:Hi</s>')
  expect(await renderMessages(model(), [user('Hi')], { template: '{{ messages[0].content }}' })).toBe('Hi')
  expect(await renderMessages(model(), [user('Hi')], { template: () => 'mine' })).toBe('mine')
})

describe('the next turn computes what is new', () => {
  const first = [user('Hi')]

  test('where the conversation goes on', async () => {
    const m = model()
    const one = await drain(chat(m, first))
    expect(one.result).toMatchObject({ text: 'n8', reused: 0, stats: { reason: 'eos' } })
    const two = await drain(chat(m, [...first, assistant(one.result.text), user('Bye')]))
    expect(m.asked.generations.map((g) => [g.prompt, g.options.continue])).toEqual([
      [ids('<s>u:Hi</s>a:'), false],
      [ids('u:Bye</s>a:'), true],
    ])
    expect(two.result.reused).toBe(ids('<s>u:Hi</s>a:n8</s>').length)
    // The model saw the same as without a cache.
    const fresh = model()
    const all = await drain(chat(fresh, [...first, assistant('n8'), user('Bye')]))
    expect(two.result.text).toBe(all.result.text)
  })

  test.each<[string, Message[], ((m: ReturnType<typeof model>) => unknown)?]>([
    ['another answer', [...first, assistant('no'), user('Bye')]],
    ['another beginning', [user('Ho'), assistant('n8'), user('Bye')]],
    ['nothing new', first],
    ['a run between', [...first, assistant('n8'), user('Bye')], (m) => m.run({})],
    [
      'another generation between',
      [...first, assistant('n8'), user('Bye')],
      (m) => drain(m.generateIds([5])),
    ],
  ])('but all of it after %s', async (_, messages, between) => {
    const m = model()
    await drain(chat(m, first))
    await between?.(m)
    const { result } = await drain(chat(m, messages))
    expect(result.reused).toBe(0)
    const prompt = m.asked.generations.at(-1)!
    expect(prompt.prompt).toEqual(ids(await renderMessages(m, messages)))
    expect(prompt.options.continue).toBe(false)
  })

  test('after a turn that was left, too', async () => {
    const m = model()
    for await (const _ of chat(m, first)) break
    const { result } = await drain(chat(m, [...first, assistant('n8'), user('Bye')]))
    expect(result.reused).toBe(ids('<s>u:Hi</s>a:n').length)
    expect(m.asked.generations[1]!.prompt).toEqual(ids('8</s>u:Bye</s>a:'))
  })

  test('and images are given once', async () => {
    const images = [picture(4, 4)]
    const m = model({ takes: ['pixel_values'] })
    const options = { images, imageTokens: { placeholder: '#', count: () => 3 } }
    const { result } = await drain(chat(m, [user('#?')], options))
    await drain(chat(m, [user('#?'), assistant(result.text), user('Bye')], options))
    const [one, two] = m.asked.generations
    expect(one!.prompt).toEqual(ids('<s>u:###?</s>a:'))
    expect(Object.keys(one!.options.inputs!)).toEqual(['pixel_values'])
    expect([two!.options.continue, two!.options.inputs]).toEqual([true, undefined])
    const other = { ...options, images: [picture(4, 4)] }
    const again = await drain(chat(m, [user('#?'), assistant(result.text), user('Bye')], other))
    expect(again.result.reused).toBe(0)
  })
})

test.each([
  ['stop texts end a turn', { stop: ['4'] }, '123', 'stop'],
  ['so does the most tokens', { maxTokens: 2 }, '12', 'length'],
  ['or the model', {}, '12345', 'eos'],
] as const)('%s', async (_, options, want, reason) => {
  const m = model({ answer: () => [...ids('12345'), 1] })
  const { pieces, result } = await drain(chat(m, [user('x')], options))
  expect(pieces.join('')).toBe(want)
  expect(result).toMatchObject({ text: want, stats: { reason } })
})

test.each<[string, MockParts, Message[], object, RegExp]>([
  ['no tokenizer', { tokenizer: undefined }, [], {}, /without a tokenizer/],
  ['no template', { tokenizer: letters() }, [], {}, /no chat template/],
  ['what the template raises', {}, [], { template: "{{ raise_exception('roles') }}" }, /roles/],
  ['no place for an image', {}, [user('x')], { images: [picture(2, 2)] }, /0 places/],
  ['an aborted signal', {}, [], { signal: AbortSignal.abort(new Error('enough')) }, /enough/],
])('throws %s', async (_, parts, messages, options, message) => {
  await expect(drain(chat(model(parts), messages, options))).rejects.toThrow(message)
})
