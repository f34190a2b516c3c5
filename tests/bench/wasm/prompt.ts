/** The same prompt for all: letters, which a vocabulary of letters (gguf.ts) cuts one by one. */

/** Where the vocabulary's printable characters begin: after the special tokens, the bytes and the space. */
export const LETTERS = 260
const SPACE = 259
const FIRST = 1

/** Ids of a prompt as llama.cpp cuts it: the first token, a space, then the letters. */
export const promptIds = (letters: string): number[] => [
  FIRST,
  SPACE,
  ...Array.from(letters, (c) => LETTERS + c.charCodeAt(0) - 33),
]

/** Letters of a prompt of that many tokens; each `turn` has others, so that nothing cached serves. */
export const promptText = (tokens: number, turn: number): string =>
  Array.from({ length: tokens - 2 }, (_, j) =>
    String.fromCharCode(97 + ((j * 7 + turn * 5 + ((j * turn) % 11)) % 26)),
  ).join('')
