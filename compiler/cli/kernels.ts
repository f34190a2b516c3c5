/** `wgc kernels`: every kernel template, from its front matter. */
import type { Command } from 'commander'
import { type CommonOptions, command, list } from './command.js'
import type { KernelReport } from './kernels-report.js'
import { indent, print, table, wrap } from './output.js'

interface Options extends CommonOptions {
  target?: string[]
  template?: string
}

const EXAMPLES = ['wgc kernels', 'wgc kernels --template linear_gemv', 'wgc kernels --target firefox']

export function kernelsCommand(): Command {
  return command('kernels', 'list the kernel templates, their operators and parameters', EXAMPLES)
    .option('--target <names>', 'also the sets of features that a target specialises each for', list)
    .option('--template <name>', 'only this template')
    .action(run)
}

async function run({ json, target, template }: Options): Promise<void> {
  const { kernelReports } = await import('./kernels-report.js')
  const kernels = kernelReports(template, target)
  print(json, { kernels }, () => kernels.flatMap((k) => [...text(k), '']).slice(0, -1))
}

function text(k: KernelReport): string[] {
  const sets = Object.entries(k.features ?? {}).map(([target, list]) => [
    target,
    list.map((set) => (set.length ? set.join(' + ') : 'no feature')).join(' | '),
  ])
  const rows = [
    ['op', k.op],
    [k.language === 'c' ? 'items' : 'grid', k.grid.join(', ')],
    ...k.needs.map((need) => ['needs', need]),
    ...Object.entries(k.layouts).map(([port, layout]) => ['layout', `${port}: ${layout}`]),
    ...(k.args.length ? [['args', k.args.join(' ')]] : []),
    ...k.params.map((p) => [p.name, `${p.domain}  (default ${p.default})`]),
    ...sets,
  ]
  return [`${k.name} (${k.language})`, ...indent(wrap(k.doc)), ...indent(table(rows))]
}
