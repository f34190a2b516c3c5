/** `wgc kernels`: every kernel template, from its front matter. */
import type { Command } from 'commander'
import { type CommonOptions, command, list } from './command.js'
import type { EmittedKernel } from './kernels-emitted.js'
import type { KernelReport } from './kernels-report.js'
import { indent, print, table, wrap } from './output.js'

interface Options extends CommonOptions {
  target?: string[]
  template?: string
}

const EXAMPLES = ['wgc kernels', 'wgc kernels --template linear_gemv', 'wgc kernels --target safari']

export function kernelsCommand(): Command {
  return command('kernels', 'list the kernel templates, their operators and parameters', EXAMPLES)
    .option('--target <names>', 'what these targets get of them: workgroup, memory, bindings', list)
    .option('--template <name>', 'only this template')
    .action(run)
}

async function run({ json, target, template }: Options): Promise<void> {
  const { kernelReports } = await import('./kernels-report.js')
  const kernels = kernelReports(template, target)
  if (target === undefined) {
    print(json, { kernels }, () => kernels.flatMap((k) => [...text(k), '']).slice(0, -1))
    return
  }
  const { emittedKernels } = await import('./kernels-emitted.js')
  const emitted = emittedKernels(target, template)
  print(json, { kernels, emitted }, () => [
    ...(template === undefined ? [] : kernels.flatMap((k) => [...text(k), ''])),
    ...emittedText(emitted),
  ])
}

const words = (values: readonly string[]) => values.join(' ') || '-'

/** A table a target: what each kernel is called, its workgroup, its memory, what it binds. */
function emittedText(emitted: readonly EmittedKernel[]): string[] {
  const targets = [...new Set(emitted.map((k) => k.target))]
  return targets.flatMap((name) => {
    const rows = emitted
      .filter((k) => k.target === name)
      .map((k) => [
        k.template,
        words(Object.entries(k.params).map(([param, value]) => `${param}=${value}`)),
        k.workgroup.join('x'),
        String(k.memory),
        `${k.loops.guarded} of ${k.loops.all}`,
        words(k.bindings.map((b) => `${b.number}:${b.name}:${b.kind}`)),
      ])
    const head = [
      'kernel',
      'parameters',
      'workgroup',
      'memory (B)',
      'guarded loops',
      'bindings (r read, w write, u uniform)',
    ]
    return [`${name}: ${rows.length} WGSL kernels`, ...indent(table([head, ...rows], [3])), '']
  })
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
