/** The known names that a mistyped one may have meant. */

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** At most `count` of `known` that differ from `name` in less than half of its letters, nearest first. */
export function nearest(name: string, known: Iterable<string>, count = 2): string[] {
  // Names much longer than any real one would only cost time.
  const wanted = name.toLowerCase().slice(0, 200)
  return [...known]
    .map((k) => ({ k, d: distance(wanted, k.toLowerCase()) }))
    .filter(({ k, d }) => d <= Math.max(wanted.length, k.length) / 2)
    .sort((a, b) => a.d - b.d || (a.k < b.k ? -1 : 1))
    .slice(0, count)
    .map(({ k }) => k)
}
