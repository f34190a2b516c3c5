/**
 * SentencePiece merges those two neighbours whose union has the best score; a list of merges says the same: every way
 * to put a token together from two, by the token's score.
 */
import { KIND, type Vocabulary } from './vocabulary.js'

/** Longer pieces than any vocabulary has are never put together. */
const MAX_PIECE = 512

const merged: number[] = [KIND.normal, KIND.user, KIND.unused]

export function mergesOf({ tokens, scores, kinds }: Vocabulary): [string, string][] {
  const parts = new Set<string>()
  for (const [id, token] of tokens.entries()) if (merged.includes(kinds[id]!)) parts.add(token)
  const found: { left: string; right: string; score: number; id: number }[] = []
  for (const [id, token] of tokens.entries()) {
    if (!merged.includes(kinds[id]!) || token.length > MAX_PIECE) continue
    for (let at = 1; at < token.length; at++) {
      const left = token.slice(0, at)
      if (!parts.has(left)) continue
      const right = token.slice(at)
      if (parts.has(right)) found.push({ left, right, score: scores[id] ?? -id, id })
    }
  }
  return found
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .map(({ left, right }): [string, string] => [left, right])
}
