/** What is measured: the works, and for each what it compares. Plain data. */

export type Peer = 'ours' | 'ort' | 'tfjs' | 'wllama'

/** In the place of a number of threads. */
export const GPU = 0

/** Weights known ahead (`linear`), or two activations (`matmul`): y[M,N] = x[M,K] times a matrix. */
export interface MatrixWork {
  kind: 'linear' | 'matmul'
  M: number
  N: number
  K: number
  /** Bits of a weight, with a scale for each 32 of them; 32: floats. */
  bits: 32 | 8 | 4
}

/** A prompt of `prompt` tokens, then `decode` more: two times, of the whole prompt and of a token. */
export interface ModelWork {
  kind: 'model'
  /** Folder of the model, or a preset: then all run on zeros. */
  model: string
  bits: 32 | 8 | 4
  prompt: number
  decode: number
  /** Weights that share a scale; 32 unless said, which is what the others have. */
  group?: 32 | 64
  /** Tokens that the KV cache holds, if not the build's own choice. */
  context?: number
}

export type Work = (MatrixWork | ModelWork) & { name: string; peers: Peer[] }

/** What a work's time is held against: reading its weights, or its multiply-adds. */
export type Ceiling = 'read' | 'madd'

const gemm = (S: number): Work[] => [
  {
    name: `f32 GEMM ${S}³, weights known`,
    peers: ['ours', 'ort'],
    kind: 'linear',
    bits: 32,
    M: S,
    N: S,
    K: S,
  },
  {
    name: `f32 GEMM ${S}³, both given`,
    peers: ['ours', 'ort', 'tfjs'],
    kind: 'matmul',
    bits: 32,
    M: S,
    N: S,
    K: S,
  },
]

const gemv = (bits: 8 | 4, N: number): Work => ({
  name: `q${bits} GEMV 4096×${N}`,
  peers: ['ours', 'ort'],
  kind: 'linear',
  bits,
  M: 1,
  N,
  K: 4096,
})

const model = (path: string, bits: ModelWork['bits'], { prompt, decode }: Length): Work => ({
  name: `${path.split('/').at(-1)} ${bits === 32 ? 'f32' : `q${bits}`}`,
  peers: bits === 32 ? ['ours', 'ort', 'tfjs', 'wllama'] : ['ours', 'ort', 'wllama'],
  kind: 'model',
  model: path,
  bits,
  prompt,
  decode,
})

/** Tokens of a prompt, and those after it. */
export type Length = Pick<ModelWork, 'prompt' | 'decode'>

export const works = (modelPath: string, length: Length): Work[] => [
  ...gemm(512),
  ...gemm(1024),
  ...([4, 8] as const).flatMap((bits) => [4096, 14336].map((N) => gemv(bits, N))),
  ...([4, 8, 32] as const).map((bits) => model(modelPath, bits, length)),
]

/** A model's steps are many operators: no one ceiling is theirs. */
export function ceilingOf(work: Work): Ceiling | undefined {
  if (work.kind === 'model') return undefined
  return work.M === 1 ? 'read' : 'madd'
}
