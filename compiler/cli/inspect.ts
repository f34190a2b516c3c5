/** `wgc inspect`: what a bundle holds, and whether it is whole. */
import type { Command } from 'commander'
import { type CommonOptions, command } from './command.js'
import type { BundleReport, VariantReport } from './inspect-report.js'
import { bytes, count, indent, plural, print, table, tell } from './output.js'
import type { Sizes } from './sizes.js'

const EXAMPLES = ['wgc inspect out/stories', 'wgc inspect out/stories --json']

export function inspectCommand(): Command {
  return command('inspect', 'show sizes, variants and plans of a bundle, and verify its hashes', EXAMPLES)
    .argument('<dir>', 'folder of the bundle')
    .action(run)
}

async function run(folder: string, options: CommonOptions): Promise<void> {
  const { inspectBundle } = await import('./inspect-report.js')
  const report = await inspectBundle(folder)
  print(options.json, report, () => text(folder, report))
  if (report.faults.length > 0) await damaged(folder, report.faults)
}

/** The report is the result, damaged or not: the error comes after it, on stderr alone. */
async function damaged(folder: string, faults: readonly string[]): Promise<void> {
  const { formatError, wgcError } = await import('../errors.js')
  const error = wgcError('WGC622', [faults.join('; ')], { place: { file: folder } })
  tell(formatError(error))
  process.exitCode = error.exitCode
}

const sizes = ({ raw, gzip, brotli }: Sizes): string[] => [raw, gzip, brotli].map(bytes)

function text(folder: string, r: BundleReport): string[] {
  const { model } = r
  const whole =
    r.faults.length === 0
      ? 'every file has the size and hash of the manifest'
      : plural(r.faults.length, 'damaged file')
  return [
    `${folder}: ${model.name} (${model.family}), ${count(model.parameters)} parameters, ${model.weights}`,
    `vocabulary ${model.vocab}, ${model.context} tokens of context, made by wgc ${r.wgc}; ${whole}`,
    '',
    ...table(
      [['file', 'role', 'bytes', 'gzip', 'brotli'], ...r.files.map((f) => [f.name, f.role, ...sizes(f)])],
      [2, 3, 4],
    ),
    '',
    ...r.variants.flatMap((v) => [...variantText(v), '']),
    ...table(Object.entries(r.targets).map(([target, ids]) => [target, ids.join(', ')])),
    ...(r.strangers.length ? ['', `not of the bundle: ${r.strangers.join(', ')}`] : []),
  ]
}

function variantText(v: VariantReport): string[] {
  const { total, weights, state } = v.memory
  const programs = Object.entries(v.programs).map(([name, p]) => [
    name,
    plural(p.dispatches, 'dispatch').replace(/hs$/, 'hes'),
    plural(p.maxSeq, 'token'),
    `arena ${bytes(p.arena)}`,
  ])
  return [
    `${v.id} (${[v.backend, v.engine, ...v.features].filter(Boolean).join(', ')})`,
    ...indent([
      `${v.kernels} kernels; ${bytes(total)} on the device: weights ${bytes(weights)}, KV cache ${bytes(state)}`,
      `a page fetches ${sizes(v.download).join(' / ')} (raw / gzip / brotli), ${sizes(v.withoutWeights).join(' / ')} without weights`,
      ...table([['program', 'a step', 'at most', 'scratch'], ...programs]),
      ...v.smaller.map(
        (s) =>
          `with less room: ${bytes(s.memory)}, ${s.context} tokens of context, KV cache ${s.kv}, a prompt by ${s.chunk}`,
      ),
    ]),
  ]
}
