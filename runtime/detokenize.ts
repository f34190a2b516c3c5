/** Text from a growing list of tokens: each piece is given out once no later token can change it. */

/** What the runtime needs of a tokenizer. `wgc/tokenizer` makes one; any other will do. */
export interface Tokenizer {
  /** `addSpecial`: put the tokens around the text that the model wants there. */
  encode(text: string, options: { addSpecial: boolean }): number[]
  /** Text of the tokens, without special ones. */
  decode(ids: number[]): string
  /** The parsed tokenizer_config.json, where there is one: it holds the chat template. */
  readonly config?: unknown
}

/** Tokens that are decoded with each new one, so that a tokenizer's treatment of a text's start is not seen. */
const WINDOW = 6
/** A character is at most 4 bytes, so at most 4 tokens: longer than that, a U+FFFD is really meant. */
const PATIENCE = 4

/** What a decoder makes of an incomplete character. */
const BROKEN = '\ufffd'

/** `context`: the tokens before the first; they are not given out. */
export function textStream(decode: (ids: number[]) => string, context: number[]) {
  let ids = context.slice(-WINDOW)
  /** Tokens of `ids` whose text is out. */
  let out = ids.length

  function next(certain: boolean): string {
    const before = decode(ids.slice(0, out))
    let after = decode(ids)
    let end = ids.length
    if (!certain && after.endsWith(BROKEN)) {
      if (end - out < PATIENCE) return ''
      // Some of it is really meant; the last tokens may still become a character.
      for (let open = 1; open < PATIENCE && end === ids.length; open++) {
        const sure = decode(ids.slice(0, -open))
        if (after === sure + BROKEN) {
          after = sure
          end -= open
        }
      }
    }
    const cut = Math.max(0, end - WINDOW)
    ids = ids.slice(cut)
    out = end - cut
    return after.slice(common(before, after))
  }

  return {
    push(id: number): string {
      ids.push(id)
      return next(false)
    },
    /** What was still held back. */
    end: (): string => (out < ids.length ? next(true) : ''),
  }
}

function common(a: string, b: string): number {
  if (b.startsWith(a)) return a.length
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  return n
}

/** Ends a stream of text at the first of some texts, also where it comes in pieces. */
export function stopAt(stops: readonly string[]) {
  const wanted = stops.filter((s) => s)
  let held = ''
  let stopped = false
  return {
    get stopped() {
      return stopped
    },
    /** What of the text so far is certain. `last`: no more comes. */
    push(piece: string, last: boolean): string {
      if (stopped) return ''
      held += piece
      const found = wanted.map((s) => held.indexOf(s)).filter((at) => at >= 0)
      let keep = 0
      if (found.length) {
        stopped = true
        held = held.slice(0, Math.min(...found))
      } else if (!last) keep = Math.max(0, ...wanted.map((s) => overlap(held, s)))
      const piece_ = held.slice(0, held.length - keep)
      held = held.slice(held.length - keep)
      return piece_
    },
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--) {
    if (text.endsWith(stop.slice(0, n))) return n
  }
  return 0
}
