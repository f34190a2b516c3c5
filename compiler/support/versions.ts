/** Versions as browsers count them: `113`, `26.2`, `≤151` (there by then, perhaps before). */

const parts = (version: string): number[] => version.replace('≤', '').split('.').map(Number)

/** Below 0 where `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether a version is one: `26.2`, `≤151`. */
export const isVersion = (text: string): boolean => /^≤?\d+(\.\d+)*$/.test(text)
