/** Chat templates: what transformers makes of the same conversations. */
import { describe, expect, test } from 'vitest'
import {
  type ChatConfig,
  type Message,
  renderChat,
  specialTokens,
  type Tool,
  templateOf,
} from '../../runtime/tasks/messages.js'
import { createTemplate } from '../../runtime/tasks/template.js'
import { fixture, textOf } from '../helpers/task-fixtures.js'

type Row = {
  case: [name: string, chat: string, prompt: boolean, tools: boolean]
  text?: string
  error?: string
}
interface Chats {
  tokens: Record<string, string>
  tools: Tool[]
  chats: Record<string, Message[]>
}

const chats = fixture('chats.json') as Chats
const rows = fixture('text.json').chats as Row[]

describe.each(rows)('$case', ({ case: [name, chat, prompt, tools], text, error }) => {
  const render = () =>
    renderChat(createTemplate(textOf(`templates/${name}.jinja`)), chats.tokens, chats.chats[chat]!, {
      tools: tools ? chats.tools : undefined,
      addGenerationPrompt: prompt,
      variables: { date_string: '26 Jul 2024' },
    })
  test(error ? 'raises' : 'renders', () => {
    if (error) expect(render).toThrow(error)
    else expect(render()).toBe(text)
  })
})

const render = (source: string, variables: Record<string, unknown> = {}) => createTemplate(source)(variables)

test.each<[string, string, string?, Record<string, unknown>?]>([
  ['an object of the page', '{{ globalThis }}{{ process }}{{ window }}'],
  ['a constructor', '{{ messages.constructor }}{{ messages["__proto__"] }}'],
  ['a function that was given', '{{ call is defined }}', 'false', { call: () => 'called' }],
  ['what a getter does later', '{{ late.v }}', '1', { late: { toJSON: () => ({ v: 1 }) } }],
])('a template does not see %s', (_, source, want = '', variables = {}) => {
  let got = ''
  try {
    got = render(source, { messages: [{ role: 'user', content: 'x' }], ...variables })
  } catch {}
  expect(got).toBe(want)
})

test('a template changes nothing outside', () => {
  const messages = [{ role: 'user', content: 'x' }]
  render('{% set ns = namespace(m=messages) %}{% set ns.m = [] %}{% set messages = 1 %}', { messages })
  expect(messages).toEqual([{ role: 'user', content: 'x' }])
})

test('refuses a template too large, and what is none', () => {
  expect(() => createTemplate('x'.repeat(2 ** 20 + 1))).toThrow(RangeError)
  expect(() => createTemplate('{% if %}')).toThrow()
})

test.each([
  [{ chat_template: 'a' }, true, 'a'],
  [{}, true, undefined],
  [{ chat_template: [{ name: 'default', template: 'a' }] }, true, 'a'],
  [
    {
      chat_template: [
        { name: 'default', template: 'a' },
        { name: 'tool_use', template: 'b' },
      ],
    },
    true,
    'b',
  ],
  [
    {
      chat_template: [
        { name: 'default', template: 'a' },
        { name: 'tool_use', template: 'b' },
      ],
    },
    false,
    'a',
  ],
] as [ChatConfig, boolean, string | undefined][])('of %j, with tools %s, takes %s', (config, tools, want) => {
  expect(templateOf(config, tools)).toBe(want)
})

test('special tokens are texts or objects that hold them', () => {
  const config = { bos_token: { content: '<s>' }, eos_token: '</s>', pad_token: null, add_bos_token: true }
  expect(specialTokens(config)).toEqual({ bos_token: '<s>', eos_token: '</s>' })
})
