/** A llama as a GGUF file, in llama.cpp's Q4_0, Q8_0 or F32: a folder's own weights, or zeros for a preset. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { toF16 } from '../../../compiler/formats/f16.js'
import { importModel } from '../../../compiler/import/index.js'
import { dimsOf, type LlamaConfig } from './llama.js'

const TYPES = { 4: { id: 2, file: 2 }, 8: { id: 8, file: 7 }, 32: { id: 0, file: 0 } } as const
type Bits = keyof typeof TYPES

const BLOCK = 32
const ALIGN = 32

/** Blocks of 32: a half as scale, then 4 or 8 bits a weight. Q4_0 puts columns i and i + 16 into a byte. */
function quantise(values: Float32Array, bits: Bits): Uint8Array {
  if (bits === 32) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const size = 2 + (BLOCK * bits) / 8
  const out = new DataView(new ArrayBuffer((values.length / BLOCK) * size))
  for (let b = 0; b < values.length / BLOCK; b++) {
    const block = values.subarray(b * BLOCK, (b + 1) * BLOCK)
    const extreme = block.reduce((m, v) => (Math.abs(v) > Math.abs(m) ? v : m), 0)
    const scale = bits === 4 ? extreme / -8 : Math.abs(extreme) / 127
    const inverse = scale ? 1 / scale : 0
    out.setUint16(b * size, toF16(scale), true)
    const q = (i: number) => Math.round(block[i]! * inverse)
    for (let i = 0; i < (bits === 4 ? 16 : 32); i++) {
      const nibble = (j: number) => Math.min(15, q(j) + 8)
      if (bits === 4) out.setUint8(b * size + 2 + i, nibble(i) | (nibble(i + 16) << 4))
      else out.setInt8(b * size + 2 + i, q(i))
    }
  }
  return new Uint8Array(out.buffer)
}

/** Rows of a head in llama.cpp's order, where the two of a rotated pair are neighbours. */
function pairUp(values: Float32Array, heads: number, headSize: number): Float32Array {
  const k = values.length / heads / headSize
  const out = new Float32Array(values.length)
  for (let h = 0; h < heads; h++)
    for (let row = 0; row < headSize; row++) {
      const from = (h * headSize + (row % 2) * (headSize / 2) + (row >> 1)) * k
      out.set(values.subarray(from, from + k), (h * headSize + row) * k)
    }
  return out
}

/** Little-endian fields, one after the other. */
function writer() {
  const parts: Buffer[] = []
  const number = (bytes: number, put: (b: Buffer) => void) => {
    const b = Buffer.alloc(bytes)
    put(b)
    parts.push(b)
  }
  const u32 = (n: number) => number(4, (b) => b.writeUInt32LE(n))
  const u64 = (n: number) => number(8, (b) => b.writeBigUInt64LE(BigInt(n)))
  const f32 = (n: number) => number(4, (b) => b.writeFloatLE(n))
  const text = (s: string) => {
    u64(Buffer.byteLength(s))
    parts.push(Buffer.from(s))
  }
  return { parts, u32, u64, f32, text, raw: (b: Buffer) => void parts.push(b) }
}

const SPECIAL = ['<unk>', '<s>', '</s>']

/** Words of a vocabulary that stands in for the model's own: a letter is a token, as prompt.ts takes it. */
function words(vocab: number): string[] {
  const hex = (i: number) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`
  const bytes = Array.from({ length: 256 }, (_, i) => hex(i))
  const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  const known = [...SPECIAL, ...bytes, '\u2581', ...letters]
  return Array.from({ length: vocab }, (_, i) => known[i] ?? `\u2581w${i}`)
}

/** What is read of a model's weights. */
type Weights = Pick<NonNullable<Awaited<ReturnType<typeof importModel>>['weights']>, 'shape' | 'has'>

/** Shapes of a llama whose output is its embedding, as they follow from its dimensions. */
function shapesOf(c: LlamaConfig): Weights {
  const { hidden, ffn, heads, kvHeads, headSize, vocab } = dimsOf(c)
  const [q, kv] = [heads * headSize, kvHeads * headSize]
  const known: Record<string, number[]> = {
    ...{ q_proj: [q, hidden], k_proj: [kv, hidden], v_proj: [kv, hidden], o_proj: [hidden, q] },
    ...{ gate_proj: [ffn, hidden], up_proj: [ffn, hidden], down_proj: [hidden, ffn] },
    ...{ embed_tokens: [vocab, hidden], lm_head: [vocab, hidden] },
  }
  return {
    shape: (name) => known[name.split('.').at(-2)!] ?? [hidden],
    has: (name) => name !== 'lm_head.weight' || !c.tie_word_embeddings,
  }
}

export async function writeGguf(ref: string, out: string, bits: Bits): Promise<void> {
  const model = await importModel(ref)
  const c = model.config as LlamaConfig
  const weights = model.weights ?? shapesOf(c)
  const { heads, kvHeads, headSize } = dimsOf(c)
  const w = writer()
  let keys = 0
  const body: (() => void)[] = []
  const key = (name: string, type: number, put: () => void) => {
    keys++
    body.push(() => {
      w.text(name)
      w.u32(type)
      put()
    })
  }
  const text = (name: string, s: string) => key(name, 8, () => w.text(s))
  const int = (name: string, n: number) => key(name, 4, () => w.u32(n))
  const float = (name: string, n: number) => key(name, 6, () => w.f32(n))
  const flag = (name: string, on: boolean) => key(name, 7, () => w.raw(Buffer.from([on ? 1 : 0])))
  const list = <T>(name: string, type: number, items: T[], put: (t: T) => void) =>
    key(name, 9, () => {
      w.u32(type)
      w.u64(items.length)
      items.forEach(put)
    })
  const rope = (model.config.rope_parameters as { rope_theta?: number } | undefined)?.rope_theta
  text('general.architecture', 'llama')
  text('general.name', 'bench')
  int('general.file_type', TYPES[bits].file)
  int('general.quantization_version', 2)
  int('llama.context_length', c.max_position_embeddings!)
  int('llama.embedding_length', c.hidden_size!)
  int('llama.block_count', c.num_hidden_layers!)
  int('llama.feed_forward_length', c.intermediate_size!)
  int('llama.attention.head_count', heads)
  int('llama.attention.head_count_kv', kvHeads)
  int('llama.attention.key_length', headSize)
  int('llama.attention.value_length', headSize)
  float('llama.attention.layer_norm_rms_epsilon', c.rms_norm_eps!)
  int('llama.rope.dimension_count', headSize)
  float('llama.rope.freq_base', rope ?? c.rope_theta ?? 10000)
  int('llama.vocab_size', c.vocab_size!)
  text('tokenizer.ggml.model', 'llama')
  text('tokenizer.ggml.pre', 'default')
  const tokens = words(c.vocab_size!)
  list('tokenizer.ggml.tokens', 8, tokens, w.text)
  list(
    'tokenizer.ggml.scores',
    6,
    tokens.map((_, i) => -i),
    w.f32,
  )
  list(
    'tokenizer.ggml.token_type',
    5,
    tokens.map((_, i) => (i === 0 ? 2 : i < SPECIAL.length ? 3 : 1)),
    w.u32,
  )
  int('tokenizer.ggml.bos_token_id', 1)
  int('tokenizer.ggml.eos_token_id', 2)
  int('tokenizer.ggml.unknown_token_id', 0)
  flag('tokenizer.ggml.add_bos_token', true)
  flag('tokenizer.ggml.add_eos_token', false)

  interface Stored {
    name: string
    dims: number[]
    type: number
    bytes: Uint8Array
  }
  const stored: Stored[] = []
  const add = async (name: string, source: string, turned?: number) => {
    const shape = weights.shape(source)
    const matrix = shape.length > 1
    const values = await model.weights?.readRows(source, 0, shape[0]!)
    const count = shape.reduce((a, b) => a * b, 1)
    const own = matrix ? bits : 32
    const data = values
      ? quantise(turned ? pairUp(values, turned, headSize) : values, own)
      : new Uint8Array(own === 32 ? 4 * count : (count / BLOCK) * (2 + (BLOCK * own) / 8))
    stored.push({ name, dims: [...shape].reverse(), type: matrix ? TYPES[bits].id : 0, bytes: data })
  }
  await add('token_embd.weight', 'model.embed_tokens.weight')
  for (let l = 0; l < c.num_hidden_layers!; l++) {
    const [to, from] = [`blk.${l}.`, `model.layers.${l}.`]
    await add(`${to}attn_norm.weight`, `${from}input_layernorm.weight`)
    await add(`${to}attn_q.weight`, `${from}self_attn.q_proj.weight`, heads)
    await add(`${to}attn_k.weight`, `${from}self_attn.k_proj.weight`, kvHeads)
    await add(`${to}attn_v.weight`, `${from}self_attn.v_proj.weight`)
    await add(`${to}attn_output.weight`, `${from}self_attn.o_proj.weight`)
    await add(`${to}ffn_norm.weight`, `${from}post_attention_layernorm.weight`)
    for (const part of ['gate', 'up', 'down'])
      await add(`${to}ffn_${part}.weight`, `${from}mlp.${part}_proj.weight`)
  }
  await add('output_norm.weight', 'model.norm.weight')
  if (weights.has('lm_head.weight')) await add('output.weight', 'lm_head.weight')
  await model.close()

  w.raw(Buffer.from('GGUF'))
  w.u32(3)
  w.u64(stored.length)
  w.u64(keys)
  for (const put of body) put()
  let offset = 0
  const padded = (n: number) => Math.ceil(n / ALIGN) * ALIGN
  for (const t of stored) {
    w.text(t.name)
    w.u32(t.dims.length)
    t.dims.forEach(w.u64)
    w.u32(t.type)
    w.u64(offset)
    offset += padded(t.bytes.length)
  }
  const head = Buffer.concat(w.parts)
  const fd = openSync(out, 'w')
  for (const bytes of [head, ...stored.map((t) => t.bytes)]) {
    writeSync(fd, bytes)
    writeSync(fd, Buffer.alloc(padded(bytes.length) - bytes.length))
  }
  closeSync(fd)
}
