/** `wgc build`: a model and targets in, a bundle out. */
import { type Command, Option } from 'commander'
import type { FileInfo, Manifest } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { kvTypes } from '../formats/kv.js'
import type { BuildOptions, BuildResult } from '../options.js'
import { type CommonOptions, command, integer, list, need, shape } from './command.js'
import { interruptible } from './interrupt.js'
import { bytes, indent, plural, print, seconds, table } from './output.js'
import { progressView } from './progress.js'
import { type Role, roleOf } from './roles.js'

const BITS = {
  '2': 2,
  '3': 3,
  '4': 4,
  '8': 8,
  '2a': '2a',
  '3a': '3a',
  '4a': '4a',
  '8a': '8a',
  f16: 'f16',
  f32: 'f32',
  keep: 'keep',
} as const

const GROUPS = { '32': 32, '64': 64, '128': 128, channel: 'channel' } as const

interface Options extends CommonOptions {
  model?: string
  target?: string[]
  only?: string[]
  out?: string
  bits?: keyof typeof BITS
  group?: keyof typeof GROUPS
  kv?: BuildOptions['kv']
  context?: number
  smaller?: number
  shape?: Record<string, number[]>
  workgroup?: string[]
  toolchain?: BuildOptions['toolchain']
  fuse: boolean
  explain?: boolean
  dump?: string
  /** A folder, or false under --no-cache. */
  cache: string | boolean
}

const EXAMPLES = [
  'wgc build --model models/stories260K --target all --out out/stories',
  'wgc build --model models/my-llama --target chrome,safari-ios --bits 8 --out out/my-llama',
  'wgc build --model my-model-Q4_0.gguf --out out/my-model',
  'wgc build --model detector.onnx --shape input=1,3,240,320 --out out/detector',
  'wgc build --model tinyllama --out out/tinyllama --explain',
]

export function buildCommand(): Command {
  return command('build', 'compile a model into a bundle', EXAMPLES)
    .option(
      '--model <folder|file|preset>',
      'folder with config.json and safetensors, a .gguf or .onnx file, or a preset (see wgc models)',
    )
    .option('--out <dir>', 'folder of the bundle; made, or replaced if it holds a bundle')
    .option('--target <names>', 'targets, with commas between them (see wgc targets)  (default: all)', list)
    .addOption(
      new Option(
        '--bits <bits>',
        'how weights are stored; a: with a minimum beside each scale; below 8, embedding and output keep 8. keep: as the file has them (what a quantised .gguf gets unless said)',
      ).choices(Object.keys(BITS)),
    )
    .addOption(
      new Option('--group <weights>', 'weights that share a scale; channel: all of a row').choices(
        Object.keys(GROUPS),
      ),
    )
    .addOption(new Option('--kv <type>', 'how the KV cache is stored').choices(kvTypes))
    .option('--only <variants>', 'make only the variants whose names begin so: wasm, webgpu-chromium', list)
    .option('--context <tokens>', 'tokens that the KV cache holds', integer(1))
    .option(
      '--smaller <count>',
      'smaller ways to run a text model, for devices without room: a less precise KV cache, shorter contexts  (default: 3, none below 64 MiB)',
      integer(0),
    )
    .option(
      '--shape <input=sizes>',
      "sizes of an ONNX model's input, as input=1,3,240,320, once for each; of Stable Diffusion's latents=1,4,32,32",
      shape,
    )
    .option(
      '--workgroup <names>',
      'shapes of workgroups that kernels take where they can, as 8x16 (see wgc targets)  (default: by evidence)',
      list,
    )
    .addOption(new Option('--toolchain <name>', 'C compiler').choices(['auto', 'yowasp', 'emcc']))
    .option('--no-fuse', 'leave every operator by itself')
    .option('--explain', 'print the graph, the chosen variants and why, and the arena')
    .option('--dump <pass>', 'print the graphs after a pass')
    .option('--cache <dir>', 'folder of the cache of compiled kernels')
    .option('--no-cache', 'compile every kernel anew')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const wanted = buildOptions(options)
  const { build } = await import('../index.js')
  const view = await progressView(options.verbose)
  const result = await interruptible((signal) =>
    build({ ...wanted, signal, onProgress: view.update }).finally(view.stop),
  )
  print(options.json, jsonOf(result, options), () => [
    ...result.dumps,
    ...(options.explain ? [result.explain(), ''] : []),
    ...summary(result),
  ])
}

/** The compiler's options; what was not asked for is left out, and the compiler's defaults stand. */
function buildOptions(o: Options): BuildOptions {
  if (o.bits === 'keep' && o.group)
    fail('WGC106', ['--bits keep', '--group', 'kept weights keep their groups'])
  return {
    model: need(o.model, '--model <folder|file|preset>', 'build'),
    out: need(o.out, '--out <dir>', 'build'),
    fuse: o.fuse,
    ...(o.target && { targets: o.target }),
    ...(o.bits && { bits: BITS[o.bits] }),
    ...(o.only && { only: o.only }),
    ...(o.group && { group: GROUPS[o.group] }),
    ...(o.kv && { kv: o.kv }),
    ...(o.context && { context: o.context }),
    ...(o.smaller !== undefined && { smaller: o.smaller }),
    ...(o.shape && { shapes: o.shape }),
    ...(o.workgroup && { workgroup: o.workgroup }),
    ...(o.toolchain && { toolchain: o.toolchain }),
    ...(o.dump && { dump: o.dump }),
    ...(o.cache === true ? {} : { cache: o.cache }),
  }
}

function jsonOf(r: BuildResult, options: Options): unknown {
  const { model, targets, variants, files } = r.manifest
  return {
    out: r.out,
    bytes: r.bytes,
    seconds: r.seconds,
    notes: r.notes,
    model,
    targets,
    variants,
    files,
    ...(options.dump && { dumps: r.dumps }),
    ...(options.explain && { explain: r.explain() }),
  }
}

function summary(r: BuildResult): string[] {
  const { manifest } = r
  const files = Object.keys(manifest.files).length + 1
  return [
    `${r.out}: ${manifest.model.name}, ${manifest.model.weights}; ${plural(files, 'file')}, ${bytes(r.bytes)}`,
    ...indent(table(byRole(manifest), [1, 2])),
    '',
    ...indent(table(Object.entries(manifest.targets).map(([target, ids]) => [target, ids.join(', ')]))),
    '',
    ...r.notes.map((note) => `note: ${note}`),
    `done in ${seconds(r.seconds)}`,
  ]
}

/** Rows (role, files, bytes) of what a bundle holds. */
function byRole(manifest: Manifest): string[][] {
  const roles = new Map<Role, FileInfo[]>()
  for (const [name, info] of Object.entries(manifest.files)) {
    const role = roleOf(name, manifest)
    roles.set(role, [...(roles.get(role) ?? []), info])
  }
  const total = (files: FileInfo[]) => files.reduce((sum, f) => sum + f.bytes, 0)
  return [...roles].map(([role, files]) => [role, plural(files.length, 'file'), bytes(total(files))])
}
