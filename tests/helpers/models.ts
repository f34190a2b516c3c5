/** Models with a reference, and bundles of them for tests. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../compiler/index.js'

/** A prompt and what greedy decoding makes of it, by an implementation that isn't ours. */
export interface ReferenceCase {
  prompt: string
  ids: number[]
  greedy: number[]
  text: string
  /** The least gap between first and second logit on the way; Infinity if not stated. */
  margin: number
}

interface StoriesReference {
  cases: { prompt: string; prompt_ids: number[]; greedy_ids: number[]; text: string }[]
}

export interface BooksReference {
  perplexity: number
  nll_by_window: number[]
  prompts: {
    prompt: string
    input_ids: number[]
    greedy_ids: number[]
    smallest_margin: number
    text: string
    top10_ids: number[]
    top10_logits: number[]
  }[]
}

const json = <T>(folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T

export const STORIES = 'tests/fixtures/stories260K'
export const BOOKS = '../shared/models/books-14m'

export function storiesCases(): ReferenceCase[] {
  return json<StoriesReference>(STORIES, 'reference.json').cases.map((entry) => ({
    prompt: entry.prompt,
    ids: entry.prompt_ids,
    greedy: entry.greedy_ids,
    text: entry.text,
    margin: Number.POSITIVE_INFINITY,
  }))
}

export function booksReference(): BooksReference {
  return json<BooksReference>(BOOKS, 'reference.json')
}

export function booksCases(): ReferenceCase[] {
  return booksReference().prompts.map((entry) => ({
    prompt: entry.prompt,
    ids: entry.input_ids,
    greedy: entry.greedy_ids,
    text: entry.text,
    margin: entry.smallest_margin,
  }))
}

/** Why a folder of the test data can't be used, said aloud; undefined when it is there. */
export function whyAbsent(folder: string): string | undefined {
  if (existsSync(folder)) return undefined
  const reason = `${folder} is absent: what needs it is NOT TESTED`
  console.warn(`\n*** ${reason} ***\n`)
  return reason
}

export type Bits = 'f32' | 'f16' | 8 | 4

export interface Bundles {
  /** Holds one bundle a weight format, in a folder of that name: `f32`, `f16`, `8`, `4`. */
  folder: string
  remove(): void
}

/** Builds a model for every target, once for each of `bits`. */
export async function buildBundles(model: string, bits: Bits[]): Promise<Bundles> {
  const folder = mkdtempSync(join(tmpdir(), 'wgc-bundles-'))
  for (const width of bits) {
    await build({ model, targets: ['all'], out: join(folder, String(width)), bits: width })
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}

/** The built runtime, as a page gets it. */
export function distFolder(): string {
  if (!existsSync('dist/runtime.js')) throw new Error('dist/runtime.js is absent: run `npm run build` first')
  return 'dist'
}
