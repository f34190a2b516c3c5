/** GGUF files of models that stand in Hugging Face's layout, as llama.cpp's converter would write them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configReader, importModel } from '../../compiler/import/index.js'
import { encoders, type Field, type Tensor, type WriteOptions, writeGguf } from './gguf-write.js'

const LLAMA: Record<string, string> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.qkv_proj': 'attn_qkv',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
}
const GEMMA = {
  ...LLAMA,
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
}
const GPT2 = {
  ln_1: 'attn_norm',
  ln_2: 'ffn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
  'transformer.wte': 'token_embd',
  'transformer.wpe': 'position_embd',
  'transformer.ln_f': 'output_norm',
}

/** llama.cpp's name of a tensor. */
function nameOf(name: string, table: Record<string, string>): string {
  const [, layer, inner = name, ending] =
    /^(?:(?:model\.layers|transformer\.h)\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? []
  return `${layer === undefined ? '' : `blk.${layer}.`}${table[inner]}.${ending}`
}

/** Rows of each head from halves to pairs, as LlamaModel.permute does. */
function paired(values: Float32Array, rows: number, headSize: number): Float32Array {
  const k = values.length / rows
  const out = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    const [head, inHead] = [Math.floor(row / headSize), row % headSize]
    const [half, i] = [Math.floor(inHead / (headSize / 2)), inHead % (headSize / 2)]
    out.set(values.subarray(row * k, row * k + k), (head * headSize + i * 2 + half) * k)
  }
  return out
}

function turned(values: Float32Array, rows: number): Float32Array {
  const k = values.length / rows
  return Float32Array.from(values, (_, i) => values[(i % rows) * k + Math.floor(i / rows)]!)
}

interface Config {
  architectures?: string[]
  model_type: string
  [field: string]: unknown
}

function tensorsOf(
  architecture: string,
  name: string,
  shape: readonly number[],
  values: Float32Array,
  headSize: number,
): Omit<Tensor, 'type' | 'bytes'> & { values: Float32Array } {
  const table = { gemma3: GEMMA, gpt2: GPT2 }[architecture] ?? LLAMA
  const to = { name: nameOf(name, table), shape: [...shape], values }
  if (architecture === 'llama' && /[qk]_proj/.test(name))
    return { ...to, values: paired(values, shape[0]!, headSize) }
  if (architecture === 'gemma3' && /norm\.weight$/.test(name))
    return { ...to, values: values.map((v) => v + 1) }
  if (architecture === 'gpt2' && shape.length === 2 && /c_(attn|proj|fc)\.weight$/.test(name))
    return { ...to, shape: [...to.shape].reverse(), values: turned(values, shape[0]!) }
  return to
}

function fieldsOf(architecture: string, config: Config): Field[] {
  const reader = configReader(config, 'config.json')
  const key = (name: string) => `${architecture}.${name}`
  const heads = reader.int(['num_attention_heads', 'n_head'])
  const hidden = reader.int(['hidden_size', 'n_embd'])
  const rope = (config.rope_parameters ?? config) as Record<string, unknown>
  const theta = ((rope.full_attention as Record<string, unknown> | undefined) ?? rope).rope_theta
  const fields: Field[] = [
    ['general.architecture', 'string', architecture],
    [key('context_length'), 'u32', reader.int(['max_position_embeddings', 'n_positions'])],
    [key('embedding_length'), 'u32', hidden],
    [key('block_count'), 'u32', reader.int(['num_hidden_layers', 'n_layer'])],
    [
      key('feed_forward_length'),
      'u32',
      reader.int(['intermediate_size', 'n_inner'], { default: 4 * hidden }),
    ],
    [key('attention.head_count'), 'u32', heads],
  ]
  if (architecture === 'gpt2')
    return [...fields, [key('attention.layer_norm_epsilon'), 'f32', reader.number('layer_norm_epsilon')]]
  const headSize = reader.int('head_dim', { default: hidden / heads })
  const window = reader.optionalInt('sliding_window')
  return [
    ...fields,
    [key('attention.head_count_kv'), 'u32', reader.int('num_key_value_heads', { default: heads })],
    [key('attention.key_length'), 'u32', headSize],
    [key('attention.value_length'), 'u32', headSize],
    [key('attention.layer_norm_rms_epsilon'), 'f32', reader.number('rms_norm_eps')],
    [key('rope.freq_base'), 'f32', theta ?? 10000],
    [key('rope.dimension_count'), 'u32', headSize],
    ...(window === undefined ? [] : [[key('attention.sliding_window'), 'u32', window] as Field]),
  ]
}

const ARCHITECTURES: Record<string, string> = { mistral: 'llama', gemma3_text: 'gemma3' }

/** Writes a folder's model; matrices in `encoding` where their rows are whole blocks, all else as floats. */
export async function writeModelAsGguf(
  folder: string,
  path: string,
  encoding: string,
  more: { fields?: Field[]; options?: WriteOptions } = {},
): Promise<void> {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Config
  const architecture = ARCHITECTURES[config.model_type] ?? config.model_type
  const reader = configReader(config, 'config.json')
  const headSize = reader.int('head_dim', {
    default: reader.int(['hidden_size', 'n_embd']) / reader.int(['num_attention_heads', 'n_head']),
  })
  const imported = await importModel(folder)
  const weights = imported.weights!
  const tensors: Tensor[] = []
  for (const name of weights.names()) {
    const shape = weights.shape(name)
    const values = await weights.readRows(name, 0, shape[0]!)
    const made = tensorsOf(architecture, name, shape, values, headSize)
    const wanted = encoders[encoding]!
    const fits = made.shape.length > 1 && made.shape.at(-1)! % wanted.block === 0
    const { type, encode } = fits ? wanted : encoders.F32!
    tensors.push({ name: made.name, shape: made.shape, type, bytes: encode(made.values) })
  }
  await imported.close()
  writeGguf(path, [...fieldsOf(architecture, config), ...(more.fields ?? [])], tensors, more.options)
}

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[]
  model: { vocab: Record<string, number>; merges: [string, string][] | string[] }
}

/** Fields of a folder's tokenizer: SentencePiece's, whose scores are the order of merges, or byte-level BPE. */
export function tokenizerFields(path: string, kind: 'llama' | 'gpt2', more: Field[] = []): Field[] {
  const { added_tokens, model } = JSON.parse(readFileSync(path, 'utf8')) as TokenizerJson
  const tokens: string[] = []
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token
  for (const { id, content } of added_tokens) tokens[id] = content
  const added = new Map(added_tokens.map((t) => [t.id, t]))
  const kinds = tokens.map((token, id) => {
    const entry = added.get(id)
    if (token === '<unk>') return 2
    if (entry) return entry.special ? 3 : 4
    return kind === 'llama' && /^<0x..>$/.test(token) ? 6 : 1
  })
  const pairs = model.merges.map((m) => (typeof m === 'string' ? m.split(' ') : m))
  const rank = new Map<string, number>()
  for (const [i, pair] of pairs.entries()) {
    const token = pair.join('')
    if (!rank.has(token)) rank.set(token, i)
  }
  return [
    ['tokenizer.ggml.model', 'string', kind],
    ['tokenizer.ggml.tokens', 'string[]', tokens],
    ['tokenizer.ggml.token_type', 'i32[]', kinds],
    ...(kind === 'llama'
      ? [['tokenizer.ggml.scores', 'f32[]', tokens.map((t) => -(rank.get(t) ?? 1e6))] as Field]
      : [['tokenizer.ggml.merges', 'string[]', pairs.map((p) => p.join(' '))] as Field]),
    ...more,
  ]
}
