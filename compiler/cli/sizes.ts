/** Sizes of files as they lie and as a web server would send them. */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Bytes. */
export interface Sizes {
  raw: number
  gzip: number
  brotli: number
}

export const NONE: Sizes = { raw: 0, gzip: 0, brotli: 0 }

export const add = (a: Sizes, b: Sizes): Sizes => ({
  raw: a.raw + b.raw,
  gzip: a.gzip + b.gzip,
  brotli: a.brotli + b.brotli,
})

/** Beyond this, brotli works at a lower quality: the best takes a second a megabyte. */
const BEST_UP_TO = 1 << 22
/** Beyond this, a file is counted as it lies: weights hardly shrink, and compressing them takes minutes. */
const COMPRESS_UP_TO = 1 << 26

const [gzipped, brotlied] = [promisify(gzip), promisify(brotliCompress)]

/** gzip at 9, brotli at 11 (at 5 for large files). */
export async function sizesOf(path: string, raw: number): Promise<Sizes> {
  if (raw > COMPRESS_UP_TO) return { raw, gzip: raw, brotli: raw }
  const content = await readFile(path)
  const quality = raw > BEST_UP_TO ? 5 : constants.BROTLI_MAX_QUALITY
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: raw }
  const [gz, br] = await Promise.all([gzipped(content, { level: 9 }), brotlied(content, { params })])
  return { raw, gzip: gz.length, brotli: br.length }
}
