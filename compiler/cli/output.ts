/** How results look: sizes, tables, JSON. Results go to stdout, everything else to stderr. */

/** `1.2 MB`: decimal units, as download sizes are usually given. */
export function bytes(n: number): string {
  return scaled(n, ['B', 'kB', 'MB', 'GB', 'TB'])
}

/** `1.10 B`, `260 k`: counts of parameters. */
export function count(n: number): string {
  return scaled(n, ['', 'k', 'M', 'B', 'T']).trim()
}

function scaled(n: number, units: readonly string[]): string {
  let value = n
  let unit = 0
  // 999.6 would be shown as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

export const seconds = (s: number): string => (s < 10 ? `${s.toFixed(2)} s` : `${s.toFixed(1)} s`)

/** `1 file`, `2 files`. */
export const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** Lines of a table, two blanks between columns. `right` names the columns (from 0) that hold numbers. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = rows.reduce<number[]>((w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)), [])
  return rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** `shader-f16 + subgroups | none`: sets of features, best first. */
export const featureSets = (sets: readonly string[][]): string =>
  sets.map((set) => (set.length === 0 ? 'none' : set.join(' + '))).join(' | ') || 'not used'

export const indent = (lines: readonly string[], by = '  '): string[] =>
  lines.map((line) => (line === '' ? '' : by + line))

/** Breaks text at blanks, to lines of at most `width` characters. */
export function wrap(text: string, width = 96): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const NUMBERS = /\[\n\s*(-?[\d.eE+-]+(?:,\n\s*-?[\d.eE+-]+)*)\n\s*\]/g

/** JSON to be read by people too: indented, lists of numbers on one line. */
export function jsonText(value: unknown): string {
  // A string of JSON holds no line break, so nothing inside one can match.
  return `${JSON.stringify(value, null, 1).replace(NUMBERS, (_, list: string) => `[${list.replace(/\n\s*/g, ' ')}]`)}\n`
}

/** Writes a command's result: JSON under `--json`, else the lines that `text` makes. */
export function print(json: boolean | undefined, value: unknown, text: () => readonly string[]): void {
  process.stdout.write(json ? jsonText(value) : `${text().join('\n')}\n`)
}

/** Writes a line to stderr: what is no result. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
