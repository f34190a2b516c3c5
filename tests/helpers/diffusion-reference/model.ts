/**
 * Stable Diffusion in float64, from the papers (Radford et al. 2021; Rombach et al. 2022) and the names and configs of
 * diffusers' files. Written for the tests alone; shares nothing with the compiler's graphs.
 */
import * as t from './tensors.js'

export interface TextConfig {
  vocab_size: number
  hidden_size: number
  intermediate_size: number
  num_hidden_layers: number
  num_attention_heads: number
  max_position_embeddings: number
  hidden_act: 'quick_gelu' | 'gelu'
}

export interface UnetConfig {
  sample_size: number | number[]
  in_channels: number
  out_channels: number
  block_out_channels: number[]
  down_block_types: string[]
  up_block_types: string[]
  layers_per_block: number | number[]
  attention_head_dim: number | number[]
  cross_attention_dim: number
  norm_num_groups: number
  norm_eps?: number
  use_linear_projection?: boolean
  transformer_layers_per_block?: number | number[]
  flip_sin_to_cos?: boolean
  freq_shift?: number
  downsample_padding?: number
}

export interface VaeConfig {
  block_out_channels: number[]
  layers_per_block: number
  latent_channels: number
  out_channels: number
  norm_num_groups: number
  scaling_factor?: number
  shift_factor?: number | null
  use_post_quant_conv?: boolean
  mid_block_add_attention?: boolean
}

/** CLIP's text tower: its last states [ids, hidden], normed. */
export function text(w: t.Weights, c: TextConfig, ids: number[]): t.Rows {
  const { hidden_size: D } = c
  const words = w.get('text_model.embeddings.token_embedding.weight', [c.vocab_size, D])
  const places = w.get('text_model.embeddings.position_embedding.weight', [c.max_position_embeddings, D])
  const data = Float64Array.from({ length: ids.length * D }, (_, i) => {
    const [row, d] = [Math.floor(i / D), i % D]
    return words[ids[row]! * D + d]! + places[row * D + d]!
  })
  let x: t.Rows = { rows: ids.length, columns: D, data }
  for (let l = 0; l < c.num_hidden_layers; l++) {
    const at = `text_model.encoder.layers.${l}`
    const h = t.layerNorm(w, x, `${at}.layer_norm1`)
    const [q, k, v] = ['q', 'k', 'v'].map((n) => t.linear(w, h, `${at}.self_attn.${n}_proj`, D))
    const mixed = t.attend(q!, k!, v!, c.num_attention_heads, true)
    x = t.sum(x, t.linear(w, mixed, `${at}.self_attn.out_proj`, D))
    const up = t.linear(w, t.layerNorm(w, x, `${at}.layer_norm2`), `${at}.mlp.fc1`, c.intermediate_size)
    const acted = t.mapRows(up, c.hidden_act === 'gelu' ? t.gelu : t.quickGelu)
    x = t.sum(x, t.linear(w, acted, `${at}.mlp.fc2`, D))
  }
  return t.layerNorm(w, x, 'text_model.final_layer_norm')
}

function resnet(
  w: t.Weights,
  x: t.Image,
  at: string,
  [out, groups, eps]: [number, number, number],
  time?: t.Rows,
): t.Image {
  let h = t.conv(w, t.mapImage(t.groupNorm(w, x, `${at}.norm1`, groups, eps), t.silu), `${at}.conv1`, out)
  if (time) {
    const shift = t.linear(w, t.mapRows(time, t.silu), `${at}.time_emb_proj`, out).data
    const pixels = h.height * h.width
    h = { ...h, data: h.data.map((v, i) => v + shift[Math.floor(i / pixels)]!) }
  }
  h = t.conv(w, t.mapImage(t.groupNorm(w, h, `${at}.norm2`, groups, eps), t.silu), `${at}.conv2`, out)
  const kept = x.channels === out ? x : t.conv(w, x, `${at}.conv_shortcut`, out, { size: 1 })
  return t.sum(kept, h)
}

function transformer(
  w: t.Weights,
  x: t.Image,
  at: string,
  c: UnetConfig,
  [heads, layers]: [number, number],
  words: t.Rows,
): t.Image {
  const C = x.channels
  const shape = c.use_linear_projection ? [C, C] : [C, C, 1, 1]
  let y = t.linear(
    w,
    t.rowsOf(t.groupNorm(w, x, `${at}.norm`, c.norm_num_groups, 1e-6)),
    `${at}.proj_in`,
    C,
    true,
    shape,
  )
  const attention = (from: string, q: t.Rows, kv: t.Rows) => {
    const project = (n: string, rows: t.Rows) => t.linear(w, rows, `${from}.to_${n}`, C, false)
    return t.linear(
      w,
      t.attend(project('q', q), project('k', kv), project('v', kv), heads),
      `${from}.to_out.0`,
      C,
    )
  }
  for (let l = 0; l < layers; l++) {
    const block = `${at}.transformer_blocks.${l}`
    const first = t.layerNorm(w, y, `${block}.norm1`)
    y = t.sum(y, attention(`${block}.attn1`, first, first))
    y = t.sum(y, attention(`${block}.attn2`, t.layerNorm(w, y, `${block}.norm2`), words))
    const both = t.linear(w, t.layerNorm(w, y, `${block}.norm3`), `${block}.ff.net.0.proj`, 8 * C)
    const data = Float64Array.from({ length: y.rows * 4 * C }, (_, i) => {
      const start = Math.floor(i / (4 * C)) * 8 * C + (i % (4 * C))
      return both.data[start]! * t.gelu(both.data[start + 4 * C]!)
    })
    y = t.sum(y, t.linear(w, { rows: y.rows, columns: 4 * C, data }, `${block}.ff.net.2`, C))
  }
  return t.sum(x, t.imageOf(t.linear(w, y, `${at}.proj_out`, C, true, shape), x))
}

const each = <T>(value: T | T[], count: number): T[] =>
  Array.isArray(value) ? value : Array.from({ length: count }, () => value)

function timeEmbedding(w: t.Weights, c: UnetConfig, time: number): t.Rows {
  const size = c.block_out_channels[0]!
  const half = size / 2
  const angle = (i: number) => time * 10000 ** (-i / (half - (c.freq_shift ?? 0)))
  const sines = Array.from({ length: half }, (_, i) => Math.sin(angle(i)))
  const cosines = Array.from({ length: half }, (_, i) => Math.cos(angle(i)))
  const waves = (c.flip_sin_to_cos ?? true) ? [...cosines, ...sines] : [...sines, ...cosines]
  const row: t.Rows = { rows: 1, columns: size, data: Float64Array.from(waves) }
  const inner = t.mapRows(t.linear(w, row, 'time_embedding.linear_1', 4 * size), t.silu)
  return t.linear(w, inner, 'time_embedding.linear_2', 4 * size)
}

/** Noise in latents at a time, for a text's states. */
export function unet(w: t.Weights, c: UnetConfig, latents: t.Image, time: number, words: t.Rows): t.Image {
  const channels = c.block_out_channels
  const n = channels.length
  const layers = each(c.layers_per_block, n)
  const heads = each(c.attention_head_dim, n)
  const depth = each(c.transformer_layers_per_block ?? 1, n)
  const norm: [number, number] = [c.norm_num_groups, c.norm_eps ?? 1e-5]
  const emb = timeEmbedding(w, c, time)
  const pad = c.downsample_padding ?? 1
  let x = t.conv(w, latents, 'conv_in', channels[0]!)
  const skips = [x]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < layers[i]!; j++) {
      x = resnet(w, x, `down_blocks.${i}.resnets.${j}`, [channels[i]!, ...norm], emb)
      if (c.down_block_types[i] === 'CrossAttnDownBlock2D')
        x = transformer(w, x, `down_blocks.${i}.attentions.${j}`, c, [heads[i]!, depth[i]!], words)
      skips.push(x)
    }
    if (i === n - 1) break
    const sides = { stride: 2, before: pad, after: 1 }
    x = t.conv(w, x, `down_blocks.${i}.downsamplers.0.conv`, channels[i]!, sides)
    skips.push(x)
  }
  x = resnet(w, x, 'mid_block.resnets.0', [channels[n - 1]!, ...norm], emb)
  x = transformer(w, x, 'mid_block.attentions.0', c, [heads[n - 1]!, depth[n - 1]!], words)
  x = resnet(w, x, 'mid_block.resnets.1', [channels[n - 1]!, ...norm], emb)
  for (let i = 0; i < n; i++) {
    const from = n - 1 - i
    for (let j = 0; j < layers[from]! + 1; j++) {
      x = t.joined(x, skips.pop()!)
      x = resnet(w, x, `up_blocks.${i}.resnets.${j}`, [channels[from]!, ...norm], emb)
      if (c.up_block_types[i] === 'CrossAttnUpBlock2D')
        x = transformer(w, x, `up_blocks.${i}.attentions.${j}`, c, [heads[from]!, depth[from]!], words)
    }
    if (i === n - 1) break
    const { height, width } = skips.at(-1)!
    x = t.conv(w, t.enlarged(x, height, width), `up_blocks.${i}.upsamplers.0.conv`, channels[from]!)
  }
  return t.conv(
    w,
    t.mapImage(t.groupNorm(w, x, 'conv_norm_out', ...norm), t.silu),
    'conv_out',
    c.out_channels,
  )
}

/** An image of latents as the UNet leaves them. `old`: names of the first files. */
export function vae(w: t.Weights, c: VaeConfig, latents: t.Image, old = false): t.Image {
  const norm: [number, number] = [c.norm_num_groups, 1e-6]
  const channels = [...c.block_out_channels].reverse()
  const last = channels[0]!
  let x = t.mapImage(latents, (v) => v / (c.scaling_factor ?? 0.18215) + (c.shift_factor ?? 0))
  if (c.use_post_quant_conv ?? true) x = t.conv(w, x, 'post_quant_conv', c.latent_channels, { size: 1 })
  x = t.conv(w, x, 'decoder.conv_in', last)
  x = resnet(w, x, 'decoder.mid_block.resnets.0', [last, ...norm])
  if (c.mid_block_add_attention ?? true) {
    const at = 'decoder.mid_block.attentions.0'
    const names = old ? ['query', 'key', 'value', 'proj_attn'] : ['to_q', 'to_k', 'to_v', 'to_out.0']
    const h = t.rowsOf(t.groupNorm(w, x, `${at}.group_norm`, ...norm))
    const [q, k, v] = names.slice(0, 3).map((name) => t.linear(w, h, `${at}.${name}`, last))
    x = t.sum(x, t.imageOf(t.linear(w, t.attend(q!, k!, v!, 1), `${at}.${names[3]}`, last), x))
  }
  x = resnet(w, x, 'decoder.mid_block.resnets.1', [last, ...norm])
  channels.forEach((out, i) => {
    for (let j = 0; j < c.layers_per_block + 1; j++)
      x = resnet(w, x, `decoder.up_blocks.${i}.resnets.${j}`, [out, ...norm])
    if (i === channels.length - 1) return
    x = t.conv(w, t.enlarged(x, 2 * x.height, 2 * x.width), `decoder.up_blocks.${i}.upsamplers.0.conv`, out)
  })
  return t.conv(
    w,
    t.mapImage(t.groupNorm(w, x, 'decoder.conv_norm_out', ...norm), t.silu),
    'decoder.conv_out',
    c.out_channels,
  )
}
