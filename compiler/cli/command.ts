/** What every command shares: help with examples, `--json`, `--verbose`, and errors that name the command. */
import { Command, type CommanderError, InvalidArgumentError } from 'commander'
import { fail } from '../errors.js'
import { parseShape } from '../import/onnx/sizes.js'

/** Options that every command takes. */
export interface CommonOptions {
  json?: boolean
  verbose?: boolean
}

/** A command with its help; options and action are added by its own file. */
export function command(name: string, summary: string, examples: readonly string[]): Command {
  return strict(new Command(name), `wgc ${name} --help`)
    .description(summary)
    .option('--json', 'print one JSON object on stdout')
    .option('--verbose', 'say more on stderr, with a stack for internal faults')
    .addHelpText('after', examplesText(examples))
}

export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((e) => `  $ ${e}\n`).join('')}`
}

/** Makes a command throw what is wrong with a command line as one of wgc's own errors, and print nothing. */
export function strict(c: Command, help: string): Command {
  return c
    .configureHelp({ sortOptions: false, showGlobalOptions: false })
    .configureOutput({ outputError: () => {} })
    .exitOverride((e) => (e.exitCode === 0 || e.code === 'commander.help' ? rethrow(e) : failUsage(e, help)))
}

function rethrow(e: unknown): never {
  throw e
}

const CODES = {
  'commander.unknownCommand': 'WGC101',
  'commander.unknownOption': 'WGC102',
  'commander.invalidArgument': 'WGC103',
  'commander.optionMissingArgument': 'WGC104',
  'commander.missingMandatoryOptionValue': 'WGC104',
  'commander.missingArgument': 'WGC104',
} as const

/** Commander words its messages well; a code, and a hint of our own form, are all they lack. */
function failUsage(e: CommanderError, help: string): never {
  const [first = '', ...more] = e.message.replace(/^error: /, '').split('\n')
  const near = /\(Did you mean (?:one of )?(.*)\?\)/.exec(more.join(' '))?.[1]
  const code = CODES[e.code as keyof typeof CODES] ?? 'WGC105'
  return fail(code, [first.replace(/\.$/, ''), near, help], { cause: e })
}

/** Parser of an option's value; undefined from `parse` says that it is none. */
export const parsed =
  <T>(wanted: string, parse: (text: string) => T | undefined) =>
  (text: string): T => {
    const value = parse(text.trim())
    if (value === undefined) throw new InvalidArgumentError(`It should be ${wanted}`)
    return value
  }

/** Parser of an option's value: an integer in [min, max]. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  parsed(
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
    (text) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
      return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
    },
  )

/** Parser of an option's value: a number in [min, max]. */
export const number = (min: number, max: number) =>
  parsed(Number.isFinite(max) ? `a number from ${min} to ${max}` : `a number of at least ${min}`, (text) => {
    const value = text === '' ? Number.NaN : Number(text)
    return value >= min && value <= max ? value : undefined
  })

/** Parser of `a,b` lists; the option may also be given several times. */
export function list(text: string, before: string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes(''))
    throw new InvalidArgumentError('It should be a name, or names with commas between them')
  return [...before, ...names]
}

/** Parser of `input=1,3,240`; the option may be given once for each input. */
export function shape(text: string, before: Record<string, number[]> = {}): Record<string, number[]> {
  const parsed = parseShape(text.trim())
  if (!parsed) throw new InvalidArgumentError('It should be as input=1,3,240,320, every size 1 or more')
  return { ...before, [parsed[0]]: parsed[1] }
}

/**
 * The value of an option that must be given. Not left to commander, which would complain of it before it
 * complains of a mistyped name: `--modle x` should be told what is meant.
 */
export function need<T>(value: T | undefined, flags: string, name: string): T {
  return (
    value ?? fail('WGC104', [`required option '${flags}' not specified`, undefined, `wgc ${name} --help`])
  )
}
