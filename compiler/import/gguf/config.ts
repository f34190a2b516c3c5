/** A config as Hugging Face writes it, from the fields of a GGUF file. */
import { fail } from '../../errors.js'
import { type ConfigReader, configReader } from '../config.js'
import { nearest } from '../nearest.js'
import type { Metadata } from './metadata.js'
import { namings } from './names.js'

type Config = Record<string, unknown>

export interface Described {
  architecture: string
  /** `model_type`. */
  family: string
  config: Config
  /** Elements of a head of queries and keys. */
  headSize: number
}

/** What a config is made from. */
export interface Facts {
  metadata: Metadata
  file: string
  /** Shape of a tensor by its name in the file; undefined where there is none. */
  shape(name: string): readonly number[] | undefined
  /** Values of the small tensors of divisors: rope_freqs, rope_factors_long, rope_factors_short. */
  factors: Readonly<Record<string, number[]>>
}

/** Fields of one architecture, all of whose names begin with it. */
interface Fields {
  meta: ConfigReader
  key(name: string): string
  int(name: string, options?: { min?: number; default?: number }): number
  number(name: string, options?: { min?: number; default?: number }): number
}

function fieldsOf(facts: Facts, architecture: string): Fields {
  const meta = configReader(facts.metadata, facts.file)
  const key = (name: string) => `${architecture}.${name}`
  return {
    meta,
    key,
    int: (name, options = {}) => meta.int(key(name), options),
    number: (name, options = {}) => meta.number(key(name), options),
  }
}

/** A number that may stand there for every layer by itself: the same for all of them. */
function uniform(f: Fields, name: string, fallback?: number): number {
  const found = new Set(f.meta.ints(f.key(name), { min: 1 }))
  if (found.size > 1)
    fail('WGC423', [`${f.key(name)} that differs from layer to layer`, 'GGUF'], {
      place: { file: f.meta.file },
    })
  const [value] = found
  return value ?? fallback ?? f.int(name)
}

/** Scalings of rotary positions by `rope.scaling.type`. */
function scaling(f: Fields, facts: Facts, context: number): Config | undefined {
  const type = f.meta.optionalString(f.key('rope.scaling.type'), {
    oneOf: ['none', 'linear', 'yarn', 'longrope'],
  })
  const { rope_freqs: all, rope_factors_long: long, rope_factors_short: short } = facts.factors
  const original = f.meta.optionalInt(f.key('rope.scaling.original_context_length'), { min: 1 })
  // Every pair has a divisor: Llama 3.1's are written out, as those of LongRoPE, whose temperature they lack.
  if (all) return { rope_type: 'longrope', short_factor: all, long_factor: all, attention_factor: 1 }
  if (long && short) {
    const attention = f.meta.optionalNumber(f.key('rope.scaling.attn_factor'), { min: 0 })
    return {
      rope_type: 'longrope',
      short_factor: short,
      long_factor: long,
      ...(original !== undefined && { original_max_position_embeddings: original }),
      ...(attention !== undefined && { attention_factor: attention }),
    }
  }
  const factor = f.meta.optionalNumber(f.key('rope.scaling.factor'), { min: 0 }) ?? 1
  if (type === 'linear' && factor !== 1) return { rope_type: 'linear', factor }
  if (type !== 'yarn' || factor <= 1) return undefined
  const attention = f.number('rope.scaling.attn_factor', { min: 0, default: 1 })
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: original ?? context,
    attention_factor: attention * (1 + 0.1 * Math.log(factor)),
    beta_fast: f.number('rope.scaling.yarn_beta_fast', { min: 0, default: 32 }),
    beta_slow: f.number('rope.scaling.yarn_beta_slow', { min: 0, default: 1 }),
  }
}

interface Common {
  config: Config
  headSize: number
  rope: Config
  context: number
}

/** What all architectures with rotary positions have. */
function common(f: Fields, facts: Facts): Common {
  const heads = uniform(f, 'attention.head_count')
  const hidden = f.int('embedding_length', { min: 1 })
  const headSize = f.int('attention.key_length', { min: 1, default: Math.floor(hidden / heads) })
  const context = f.int('context_length', { min: 1, default: 2048 })
  const unsupported = (what: string): never => fail('WGC423', [what, 'GGUF'], { place: { file: facts.file } })
  if (f.int('attention.value_length', { min: 1, default: headSize }) !== headSize)
    unsupported(`${f.key('attention.value_length')} other than ${f.key('attention.key_length')}`)
  if (f.int('expert_count', { min: 0, default: 0 }) > 0) unsupported(f.key('expert_count'))
  const turned = f.int('rope.dimension_count', { min: 2, default: headSize })
  const rope = {
    rope_type: 'default',
    ...scaling(f, facts, context),
    rope_theta: f.number('rope.freq_base', { min: 1, default: 10000 }),
    ...(turned !== headSize && { partial_rotary_factor: turned / headSize }),
  }
  return {
    headSize,
    context,
    rope,
    config: {
      hidden_size: hidden,
      intermediate_size: uniform(f, 'feed_forward_length'),
      num_hidden_layers: f.int('block_count', { min: 1 }),
      num_attention_heads: heads,
      num_key_value_heads: uniform(f, 'attention.head_count_kv', heads),
      head_dim: headSize,
      max_position_embeddings: context,
      rms_norm_eps: f.number('attention.layer_norm_rms_epsilon', { min: 0, default: 1e-6 }),
      rope_parameters: rope,
      ...(turned !== headSize && { partial_rotary_factor: turned / headSize }),
    },
  }
}

const noPartial = (f: Fields, { rope }: Common): void => {
  if (rope.partial_rotary_factor !== undefined)
    fail('WGC423', [`${f.key('rope.dimension_count')} other than the head's size`, 'GGUF'], {
      place: { file: f.meta.file },
    })
}

interface Made {
  family: string
  architectures: string[]
  config: Config
  headSize: number
}

/** Layers of the 27B models, whose attention is scaled by another size than its heads', which GGUF has no field for. */
const GEMMA2_27B = 46
const GEMMA3_27B = 62
const queryScale = ({ config, headSize }: Common, layers: number): number =>
  config.num_hidden_layers === layers
    ? Number(config.hidden_size) / Number(config.num_attention_heads)
    : headSize

const gelu = { hidden_activation: 'gelu_pytorch_tanh', attention_bias: false }
/** Every so many-th layer sees everything. */
const GEMMA3_PATTERN = 6

const architectures: Record<string, (f: Fields, facts: Facts) => Made> = {
  // Mistral's models are written as Llama's; where they look back a bounded way, they say so.
  llama(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    const window = f.meta.optionalInt(f.key('attention.sliding_window'), { min: 1 })
    const bias = ['attn_q', 'attn_k', 'attn_v', 'attn_output'].some((t) => facts.shape(`blk.0.${t}.bias`))
    const config = {
      ...c.config,
      hidden_act: 'silu',
      attention_bias: bias,
      mlp_bias: facts.shape('blk.0.ffn_up.bias') !== undefined,
    }
    return window === undefined
      ? { ...c, family: 'llama', architectures: ['LlamaForCausalLM'], config }
      : {
          ...c,
          family: 'mistral',
          architectures: ['MistralForCausalLM'],
          config: { ...config, sliding_window: window },
        }
  },
  qwen2(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    const config = { ...c.config, hidden_act: 'silu', use_sliding_window: false }
    return { ...c, family: 'qwen2', architectures: ['Qwen2ForCausalLM'], config }
  },
  qwen3(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    const config = { ...c.config, hidden_act: 'silu', use_sliding_window: false, attention_bias: false }
    return { ...c, family: 'qwen3', architectures: ['Qwen3ForCausalLM'], config }
  },
  phi3(f, facts) {
    const c = common(f, facts)
    const original = f.meta.optionalInt(f.key('rope.scaling.original_context_length'), { min: 1 })
    const window = f.meta.optionalInt(f.key('attention.sliding_window'), { min: 0 })
    const config = {
      ...c.config,
      hidden_act: 'silu',
      sliding_window: window || null,
      ...(original !== undefined && { original_max_position_embeddings: original }),
    }
    return { ...c, family: 'phi3', architectures: ['Phi3ForCausalLM'], config }
  },
  gemma(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    return { ...c, family: 'gemma', architectures: ['GemmaForCausalLM'], config: { ...c.config, ...gelu } }
  },
  gemma2(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    const config = {
      ...c.config,
      ...gelu,
      sliding_window: f.int('attention.sliding_window', { min: 1, default: 4096 }),
      attn_logit_softcapping: f.number('attn_logit_softcapping', { min: 0, default: 50 }),
      final_logit_softcapping: f.number('final_logit_softcapping', { min: 0, default: 30 }),
      query_pre_attn_scalar: queryScale(c, GEMMA2_27B),
    }
    return { ...c, family: 'gemma2', architectures: ['Gemma2ForCausalLM'], config }
  },
  gemma3(f, facts) {
    const c = common(f, facts)
    noPartial(f, c)
    const { num_hidden_layers: layers } = c.config
    const full = { ...c.rope, rope_theta: f.number('rope.freq_base', { min: 1, default: 1_000_000 }) }
    const theta = f.number('rope.freq_base_swa', { min: 1, default: 10000 })
    const config = {
      ...c.config,
      ...gelu,
      sliding_window: f.int('attention.sliding_window', { min: 1 }),
      layer_types: Array.from({ length: Number(layers) }, (_, i) =>
        (i + 1) % GEMMA3_PATTERN === 0 ? 'full_attention' : 'sliding_attention',
      ),
      query_pre_attn_scalar: queryScale(c, GEMMA3_27B),
      rope_parameters: {
        full_attention: full,
        sliding_attention: { rope_type: 'default', rope_theta: theta },
      },
    }
    return { ...c, family: 'gemma3_text', architectures: ['Gemma3ForCausalLM'], config }
  },
  gpt2(f) {
    const hidden = f.int('embedding_length', { min: 1 })
    const heads = uniform(f, 'attention.head_count')
    const config = {
      n_embd: hidden,
      n_head: heads,
      n_layer: f.int('block_count', { min: 1 }),
      n_inner: f.int('feed_forward_length', { min: 1 }),
      n_positions: f.int('context_length', { min: 1 }),
      layer_norm_epsilon: f.number('attention.layer_norm_epsilon', { min: 0, default: 1e-5 }),
      activation_function: 'gelu_new',
    }
    return {
      family: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      config,
      headSize: Math.floor(hidden / heads),
    }
  },
}

/** More layers than any model has; a list of them is made. */
const MAX_LAYERS = 4096

/** The config. Throws WGC207 and WGC208 by field, WGC243 for an architecture that is not known. */
export function ggufConfig(facts: Facts): Described {
  const meta = configReader(facts.metadata, facts.file)
  const architecture = meta.string('general.architecture')
  const known = Object.keys(architectures)
  const place = { place: { file: facts.file } }
  const describe = Object.hasOwn(architectures, architecture) ? architectures[architecture] : undefined
  if (!describe || !namings[architecture])
    return fail('WGC243', [architecture, known, nearest(architecture, known)], place)
  meta.int(`${architecture}.block_count`, { min: 1, max: MAX_LAYERS })
  const embedding = facts.shape('token_embd.weight') ?? fail('WGC213', ['token_embd.weight', []], place)
  const { family, headSize, config, architectures: names } = describe(fieldsOf(facts, architecture), facts)
  return {
    architecture,
    family,
    headSize,
    config: {
      architectures: names,
      model_type: family,
      vocab_size: embedding[0],
      tie_word_embeddings: facts.shape('output.weight') === undefined,
      ...config,
    },
  }
}
