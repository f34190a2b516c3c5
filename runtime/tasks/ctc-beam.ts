/** Search for the likeliest text of CTC scores, all paths that spell it taken together (Hannun et al., 2014). */
import { type CtcToken, type CtcVocabulary, checkFrames, type Frames } from './ctc.js'

export interface BeamOptions {
  /** Texts kept from frame to frame. Default 32. */
  width?: number
  /** Tokens less likely than this in a frame are not tried (the likeliest always is). Default 1e-4. */
  least?: number
}

export interface Beam {
  ids: number[]
  /** Natural logarithm of the probability of this text, as far as the search has seen its paths. */
  score: number
}

const { NEGATIVE_INFINITY: NEVER } = Number

function logAdd(a: number, b: number): number {
  if (a < b) return b + Math.log1p(Math.exp(a - b))
  return a === NEVER ? NEVER : a + Math.log1p(Math.exp(b - a))
}

/** Logarithms of the softmax of one frame. */
function logSoftmax({ data, tokens }: Frames, frame: number): Float64Array {
  const row = Float64Array.from(data.subarray(frame * tokens, (frame + 1) * tokens))
  const most = row.reduce((a, b) => Math.max(a, b), NEVER)
  const sum = row.reduce((n, v) => n + Math.exp(v - most), 0)
  return row.map((v) => v - most - Math.log(sum))
}

/** A text so far: a tree, so that texts share their beginnings. */
interface Prefix {
  id: number
  parent: Prefix | undefined
  next: Map<number, Prefix>
  /** Logarithms of the probability that the last frame was a blank, or the last token. */
  blank: number
  token: number
  newBlank: number
  newToken: number
}

const prefix = (id: number, parent?: Prefix): Prefix => ({
  ...{ id, parent, next: new Map(), blank: NEVER, token: NEVER, newBlank: NEVER, newToken: NEVER },
})

const total = (p: Prefix) => logAdd(p.blank, p.token)

function idsOf(p: Prefix): number[] {
  const ids: number[] = []
  for (let at: Prefix | undefined = p; at?.parent; at = at.parent) ids.push(at.id)
  return ids.reverse()
}

/** The likeliest texts, best first. Throws RangeError for scores that don't fit, or a width that is none. */
export function beamCtc(frames: Frames, vocabulary: CtcVocabulary, options: BeamOptions = {}): Beam[] {
  const { width = 32, least = 1e-4 } = options
  checkFrames(frames, vocabulary)
  if (!(Number.isInteger(width) && width > 0 && width <= 1 << 16)) {
    throw new RangeError(`a beam of ${width} texts: take 1 to 65536`)
  }
  const { blank } = vocabulary
  const root = prefix(-1)
  root.blank = 0
  let beams = [root]
  for (let f = 0; f < frames.frames; f++) {
    const row = logSoftmax(frames, f)
    const floor = Math.min(
      Math.log(least),
      row.reduce((a, b) => Math.max(a, b), NEVER),
    )
    const tried: number[] = []
    row.forEach((v, id) => {
      if (v >= floor && id !== blank) tried.push(id)
    })
    const seen = new Set<Prefix>()
    for (const p of beams) {
      const all = total(p)
      p.newBlank = logAdd(p.newBlank, all + row[blank]!)
      // The same token again is the same text: it only lasts longer.
      if (p.parent) p.newToken = logAdd(p.newToken, p.token + row[p.id]!)
      seen.add(p)
      for (const id of tried) {
        const child = p.next.get(id) ?? prefix(id, p)
        p.next.set(id, child)
        // Twice in a row takes a blank between.
        child.newToken = logAdd(child.newToken, (id === p.id ? p.blank : all) + row[id]!)
        seen.add(child)
      }
    }
    for (const p of seen) {
      Object.assign(p, { blank: p.newBlank, token: p.newToken, newBlank: NEVER, newToken: NEVER })
    }
    const ranked = [...seen].sort((a, b) => total(b) - total(a))
    // What falls out may come back as a child of what stays: without what it had.
    for (const p of ranked.splice(width)) {
      p.blank = NEVER
      p.token = NEVER
    }
    beams = ranked
  }
  return beams.map((p) => ({ ids: idsOf(p), score: total(p) }))
}

/**
 * When each token of a text was heard: the likeliest path that spells it.
 * Throws RangeError when there are fewer frames than the text needs.
 */
export function alignCtc(frames: Frames, vocabulary: CtcVocabulary, ids: readonly number[]): CtcToken[] {
  checkFrames(frames, vocabulary)
  // Blanks around and between: state 2i + 1 is token i.
  const states = ids.length * 2 + 1
  const idOf = (s: number) => (s % 2 ? ids[s >> 1]! : vocabulary.blank)
  const count = frames.frames
  const from = new Uint8Array(count * states)
  let score = new Float64Array(states).fill(NEVER)
  for (let f = 0; f < count; f++) {
    const row = logSoftmax(frames, f)
    const next = new Float64Array(states).fill(NEVER)
    for (let s = 0; s < states; s++) {
      let best = f ? score[s]! : s < 2 ? 0 : NEVER
      // A step back by two leaves a blank out, which two of the same token can't.
      const reach = !f ? 0 : s % 2 && s > 1 && idOf(s) !== idOf(s - 2) ? 2 : Math.min(1, s)
      for (let back = 1; back <= reach; back++) {
        if (score[s - back]! > best) {
          best = score[s - back]!
          from[f * states + s] = back
        }
      }
      next[s] = best + row[idOf(s)]!
    }
    score = next
  }
  let at = states > 1 && score[states - 2]! > score[states - 1]! ? states - 2 : states - 1
  if (!count || score[at] === NEVER)
    throw new RangeError(`${count} frames are too few for ${ids.length} tokens`)
  const out = ids.map((id): CtcToken => ({ id, start: -1, end: -1 }))
  for (let f = count - 1; f >= 0; f--) {
    if (at % 2) {
      const token = out[at >> 1]!
      token.start = f
      if (token.end < 0) token.end = f + 1
    }
    at -= from[f * states + at]!
  }
  return out
}
