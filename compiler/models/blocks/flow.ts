/** What families' flows are put together of. */

/** Ports and values of the same names. */
export const same = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, name]))
