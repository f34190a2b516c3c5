/** A conversation, and how it becomes the text that a model was trained on. */

/** A part of a message. Images stand where their part is; the pictures themselves are given beside the messages. */
export type MessagePart = { type: 'text'; text: string } | { type: 'image' } | { type: 'audio' }

/** As in the usual chat APIs, and as templates expect it. */
export interface Message {
  /** system, user, assistant, tool; templates may know others. */
  role: string
  content: string | readonly MessagePart[] | null
  /** Calls that the assistant made. Arguments are an object, not its JSON. */
  tool_calls?: readonly { id?: string; type?: string; function: { name: string; arguments: unknown } }[]
  /** Of a tool's answer: the call it answers. */
  tool_call_id?: string
  name?: string
}

/** A function that the model may call, described by a JSON schema. */
export interface Tool {
  type: 'function'
  function: { name: string; description?: string; parameters?: unknown }
}

/** What `createTemplate` of `wgc/chat-template` returns. */
export type TemplateRenderer = (variables: Record<string, unknown>) => string

/** The part of tokenizer_config.json that chats need. */
export interface ChatConfig {
  /** A template, or several with names ("default", "tool_use"). */
  chat_template?: string | readonly { name: string; template: string }[]
  [token: `${string}_token`]: unknown
  additional_special_tokens?: unknown
}

/** The template for a chat, with tools or without. `undefined`: the model has none. */
export function templateOf({ chat_template }: ChatConfig, tools: boolean): string | undefined {
  if (typeof chat_template === 'string') return chat_template
  if (!Array.isArray(chat_template)) return undefined
  const named = (name: string) => chat_template.find((t) => t?.name === name)?.template
  return (tools ? named('tool_use') : undefined) ?? named('default')
}

/** bos_token, eos_token …: texts, or objects that hold them. */
export function specialTokens(config: ChatConfig): Record<string, string> {
  const tokens: Record<string, string> = {}
  for (const [name, token] of Object.entries(config)) {
    const text = typeof token === 'object' && token ? (token as { content?: unknown }).content : token
    if (name.endsWith('_token') && typeof text === 'string') tokens[name] = text
  }
  return tokens
}

export interface RenderOptions {
  tools?: readonly Tool[] | undefined
  /** End where the assistant is to speak. Default true. */
  addGenerationPrompt?: boolean | undefined
  /** More that the template reads: `enable_thinking`, `date_string` … */
  variables?: Readonly<Record<string, unknown>> | undefined
}

/** The text of a conversation. Throws what the template raises. */
export function renderChat(
  render: TemplateRenderer,
  config: ChatConfig,
  messages: readonly Message[],
  { tools, addGenerationPrompt = true, variables }: RenderOptions = {},
): string {
  return render({
    ...specialTokens(config),
    ...variables,
    messages,
    tools: tools?.length ? tools : null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
  })
}
