/**
 * What llama.cpp calls the tensors of each architecture, what Hugging Face calls them, and what its converter changed
 * on the way. Source: gguf-py's tensor_mapping.py and the converters of https://github.com/ggml-org/llama.cpp
 */

/** A change of the converter that is undone. */
export type Undo =
  /** Rows of each head, from pairs side by side (2i, 2i + 1) to pairs half a head apart (i, i + half). */
  | 'pairs'
  /** Columns by rows. */
  | 'transposed'
  /** The values are larger by one: Gemma's gains. */
  | 'plus one'

export interface Renamed {
  /** Its name in the GGUF file. */
  source: string
  undo?: Undo
}

type Rule = [name: string, undo?: Undo]

interface Naming {
  /** Prefix of a layer's tensors, before its number. */
  layers: string
  /** Names without the ending .weight or .bias, which stays. */
  outer: Record<string, Rule>
  inner: Record<string, Rule>
}

const outer: Naming['outer'] = {
  token_embd: ['model.embed_tokens'],
  output_norm: ['model.norm'],
  output: ['lm_head'],
}

const inner: Naming['inner'] = {
  attn_norm: ['input_layernorm'],
  attn_q: ['self_attn.q_proj'],
  attn_k: ['self_attn.k_proj'],
  attn_v: ['self_attn.v_proj'],
  attn_output: ['self_attn.o_proj'],
  attn_q_norm: ['self_attn.q_norm'],
  attn_k_norm: ['self_attn.k_norm'],
  ffn_norm: ['post_attention_layernorm'],
  ffn_gate: ['mlp.gate_proj'],
  ffn_up: ['mlp.up_proj'],
  ffn_down: ['mlp.down_proj'],
}

const plain: Naming = { layers: 'model.layers', outer, inner }

const gemmaOuter = { ...plain, outer: { ...outer, output_norm: ['model.norm', 'plus one'] as Rule } }

/** From the second Gemma on there is a gain on either side of attention and of the layers after it. */
const gemmaInner: Naming['inner'] = {
  ...inner,
  attn_norm: ['input_layernorm', 'plus one'],
  attn_q_norm: ['self_attn.q_norm', 'plus one'],
  attn_k_norm: ['self_attn.k_norm', 'plus one'],
  post_attention_norm: ['post_attention_layernorm', 'plus one'],
  ffn_norm: ['pre_feedforward_layernorm', 'plus one'],
  post_ffw_norm: ['post_feedforward_layernorm', 'plus one'],
}

/** By `general.architecture`. */
export const namings: Readonly<Record<string, Naming>> = {
  llama: {
    ...plain,
    inner: { ...inner, attn_q: ['self_attn.q_proj', 'pairs'], attn_k: ['self_attn.k_proj', 'pairs'] },
  },
  qwen2: plain,
  qwen3: plain,
  phi3: {
    ...plain,
    inner: { ...inner, attn_qkv: ['self_attn.qkv_proj'], ffn_up: ['mlp.gate_up_proj'] },
  },
  gemma: {
    ...gemmaOuter,
    inner: {
      ...inner,
      attn_norm: ['input_layernorm', 'plus one'],
      ffn_norm: ['post_attention_layernorm', 'plus one'],
    },
  },
  gemma2: { ...gemmaOuter, inner: gemmaInner },
  gemma3: { ...gemmaOuter, inner: gemmaInner },
  gpt2: {
    layers: 'transformer.h',
    outer: {
      token_embd: ['transformer.wte'],
      position_embd: ['transformer.wpe'],
      output_norm: ['transformer.ln_f'],
      output: ['lm_head'],
    },
    inner: {
      attn_norm: ['ln_1'],
      attn_qkv: ['attn.c_attn', 'transposed'],
      attn_output: ['attn.c_proj', 'transposed'],
      ffn_norm: ['ln_2'],
      ffn_up: ['mlp.c_fc', 'transposed'],
      ffn_down: ['mlp.c_proj', 'transposed'],
    },
  },
}

const LAYER = /^blk\.(\d{1,5})\.(.+)\.(weight|bias)$/
const WHOLE = /^(.+)\.(weight|bias)$/

const lookUp = (rules: Record<string, Rule>, name: string): Rule | undefined =>
  Object.hasOwn(rules, name) ? rules[name] : undefined

/** Hugging Face's name of a tensor, and where it comes from; undefined for one that no family reads. */
export function renamed(architecture: string, source: string): [name: string, from: Renamed] | undefined {
  const naming = namings[architecture]
  if (!naming) return undefined
  const inLayer = LAYER.exec(source)
  const [, whole = '', ending = ''] = inLayer ? [] : (WHOLE.exec(source) ?? [])
  const rule = inLayer ? lookUp(naming.inner, inLayer[2]!) : lookUp(naming.outer, whole)
  if (!rule) return undefined
  const [name, undo] = rule
  const path = inLayer ? `${naming.layers}.${Number(inLayer[1])}.${name}.${inLayer[3]}` : `${name}.${ending}`
  // Only matrices are turned.
  return [path, { source, ...(undo && !(undo === 'transposed' && path.endsWith('.bias')) && { undo }) }]
}
