/** What `build` takes and gives: the compiler's API, and what the command line is made of. */
import type { Manifest } from '../runtime/format.js'
import type { KvType } from './passes/kv-cache.js'
import type { Bits } from './passes/precision.js'

export interface Progress {
  /** import, kernels, validate, compile-c, weights, write */
  stage: string
  done: number
  total: number
  /** What of the stage is worked on, for people. */
  what?: string
}

export interface BuildOptions {
  /** A folder in Hugging Face's layout (config.json, safetensors), a GGUF or ONNX file, or a preset's name. */
  model: string
  /** Target names, or `['all']`. Default: all. */
  targets?: string[]
  /** Variants to make: ids or their beginnings (`wasm`, `webgpu-chromium`). Default: all of the targets. */
  only?: string[]
  /** Output folder; made, or replaced if it holds a bundle. */
  out: string
  /**
   * How weights are stored; `4a` is 4 bits with a minimum beside each scale. Below 8 bits, the embedding and the
   * output keep 8. `keep`: as the model's files hold them, or as nearly as there is a format; `group` is theirs.
   * Default: keep for a quantised GGUF file, else 4 bits.
   */
  bits?: Bits
  /** Weights that share a scale: 32, 64, 128, or a channel: all of a row. Default 64. */
  group?: 32 | 64 | 128 | 'channel'
  /** How the KV cache is stored; wasm knows f32 and f16. Default: f32 with f32 weights or on wasm, else f16. */
  kv?: KvType
  /** Tokens the KV cache holds. Default: what the model allows, at most 4096. */
  context?: number
  /**
   * Smaller ways to run a text-generating model, at most so many a variant, for devices without room: with shorter
   * steps of a prompt and a KV cache of the next lower precision, then at half the context, at a quarter … Those that
   * save less than a twentieth are left out. They cost a page nothing until they are needed. Default 3; none of a variant
   * that takes less than 64 MiB.
   */
  smaller?: number
  /**
   * Of an ONNX model: shapes of inputs whose sizes its file leaves open, by name. Default: 1 for a batch. Of Stable
   * Diffusion: `latents`, [1, channels, height, width] of an image 8 times as large.
   */
  shapes?: Record<string, number[]>
  /**
   * Names in `targets/workgroups.json` (`8x16`): shapes of workgroups that WebGPU kernels take before what is tuned,
   * the first that each can. Default: what evidence supports.
   */
  workgroup?: string[]
  /** C compiler. Default: the one that npm brings. */
  toolchain?: 'auto' | 'yowasp' | 'emcc'
  /** Combine operators. Default true. */
  fuse?: boolean
  /** Name of a pass: its graph is returned in `dumps`. */
  dump?: string
  /** Folder of the cache, or false for none. */
  cache?: string | false
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

export interface BuildResult {
  out: string
  manifest: Manifest
  /** Bytes of the whole folder. */
  bytes: number
  /** Wall time, seconds. */
  seconds: number
  /** What a user should know: padding, a weight stored twice … */
  notes: string[]
  /** Graphs after the pass that `dump` named, as text. */
  dumps: string[]
  /** The graph, the chosen variants and why, the arena map and bytes, as text. */
  explain(): string
}
