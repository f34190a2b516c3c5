/** What goes wrong on the command line: one clear line each, the right exit code, and nothing left behind. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgc } from '../helpers/cli.js'

const STORIES = resolve('tests/fixtures/stories260K')

let folder: TemporaryFolder
/** Compiled kernels are shared; that they are is not what is tested. */
let env: Record<string, string>

/** A copy of the model in the folder, with its config changed. */
function model(name: string, change: Record<string, unknown> = {}): string {
  const path = join(folder.path, name)
  mkdirSync(path)
  copyFileSync(join(STORIES, 'model.safetensors'), join(path, 'model.safetensors'))
  const config = JSON.parse(readFileSync(join(STORIES, 'config.json'), 'utf8'))
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...change }))
  return path
}

const ids = (data: number[], shape = [data.length]) => ({
  dtype: 'I64' as const,
  shape,
  data: BigInt64Array.from(data, BigInt),
})

beforeAll(async () => {
  folder = temporaryFolder()
  await freshDist()
  env = { VK_DRIVER_FILES: join(folder.path, 'none.json') }
  const built = await wgc(
    ['build', '--model', model('whole'), '--target', 'node', '--bits', 'f32', '--out', 'bundle'],
    {
      cwd: folder.path,
    },
  )
  expect(built.err).toBe('')
  const preset = ['build', '--model', 'tinyllama', '--target', 'node', '--out', 'preset']
  expect((await wgc(preset, { cwd: folder.path })).err).toBe('')
  cpSync(join(folder.path, 'bundle'), join(folder.path, 'damaged'), { recursive: true })

  truncateSync(join(model('truncated'), 'model.safetensors'), 100_000)
  writeFileSync(join(model('garbage'), 'model.safetensors'), 'this is no such file')
  model('shape', { intermediate_size: 96 })
  model('architecture', { architectures: ['GPTBigCodeForCausalLM'], model_type: 'gpt_bigcode' })
  model('heads', { num_key_value_heads: 3 })
  mkdirSync(join(folder.path, 'ggufs'))
  for (const name of ['a.gguf', 'ggufs/a.gguf', 'ggufs/b.gguf'])
    writeFileSync(join(folder.path, name), 'this is no such file')
  writeFileSync(join(model('json'), 'config.json'), '{\n "hidden_size": 64,,\n}')
  mkdirSync(join(folder.path, 'config-only'))
  copyFileSync(join(STORIES, 'config.json'), join(folder.path, 'config-only', 'config.json'))
  mkdirSync(join(folder.path, 'precious'))
  writeFileSync(join(folder.path, 'precious', 'thesis.txt'), 'years of work')
  writeFileSync(join(folder.path, 'file'), '')
  mkdirSync(join(folder.path, 'empty'))

  const write = (name: string, tensors: Parameters<typeof writeSafetensors>[1]) =>
    writeSafetensors(join(folder.path, name), tensors)
  await write('named.safetensors', new Map([['tokens_of_text', ids([1, 2])]]))
  await write('batch.safetensors', new Map([['input_ids', ids([1, 2, 3, 4], [2, 2])]]))
  await write('beyond.safetensors', new Map([['input_ids', ids([1, 512])]]))
  await write('long.safetensors', new Map([['input_ids', ids(Array(513).fill(1))]]))
})

afterAll(() => folder?.remove())

const build = (name: string, ...more: string[]) => [
  'build',
  '--model',
  name,
  '--target',
  'node',
  '--out',
  'new',
  ...more,
]
const tensors = (file: string, ...more: string[]) => [
  'run',
  'bundle',
  '--backend',
  'wasm',
  '--inputs',
  file,
  '--outputs',
  'new',
  ...more,
]

type Row = [what: string, words: string[], code: number, says: string | RegExp]

const COMMAND_LINE: Row[] = [
  ['unknown command', ['bild'], 2, "WGC101: unknown command 'bild'"],
  ['unknown option', build('whole', '--bit', '4'), 2, "WGC102: unknown option '--bit'"],
  ['mistyped option that is needed', ['build', '--modle', 'whole'], 2, "WGC102: unknown option '--modle'"],
  [
    'bad --bits',
    build('whole', '--bits', '5'),
    2,
    /WGC103: .*'--bits <bits>'.*Allowed choices are 2, 3, 4, 8, 2a, 3a, 4a, 8a, f16, f32/,
  ],
  ['bad --group', build('whole', '--group', '48'), 2, /WGC103: .*Allowed choices are 32, 64, 128, channel/],
  ['bad --context', build('whole', '--context', '1e3'), 2, /WGC103: .*integer of at least 1/],
  ['serve without a bundle', ['serve'], 2, /WGC104: missing required argument 'dir'/],
  [
    'bad --without',
    ['run', 'bundle', '--prompt', 'x', '--without', 'threads,subgroup'],
    2,
    /WGC103: .*'--without <features>'.*Did you mean subgroups\?/,
  ],
  ['bad --temperature', ['run', 'bundle', '--prompt', 'x', '--temperature', '-1'], 2, /WGC103/],
  ['empty target', build('whole', '--target', 'chrome,'), 2, /WGC103/],
  ['missing --model', ['build', '--out', 'new'], 2, "WGC104: required option '--model"],
  ['missing value', ['build', '--model'], 2, /WGC104: .*argument missing/],
  ['missing folder', ['inspect'], 2, "WGC104: missing required argument 'dir'"],
  ['neither prompt nor inputs', ['run', 'bundle'], 2, 'WGC104: neither --prompt nor --inputs'],
  ['inputs without outputs', ['run', 'bundle', '--inputs', 'x'], 2, "WGC104: required option '--outputs"],
  ['too many arguments', ['inspect', 'a', 'b'], 2, /WGC105: too many arguments/],
  [
    'prompt and inputs',
    tensors('beyond.safetensors', '--prompt', 'x'),
    2,
    "WGC106: --prompt and --inputs don't go together",
  ],
  ['unknown template', ['kernels', '--template', 'linaer'], 2, 'WGC107: no template "linaer"'],
]

const INPUT: Row[] = [
  ['no such model', build('wohle'), 1, 'WGC201: no model "wohle"'],
  ['no such folder', build('./wohle'), 1, 'WGC201: no model "./wohle"'],
  ['empty folder', build('./empty'), 1, 'WGC202: this folder holds no model'],
  ['missing weights', build('./config-only'), 1, 'WGC204: '],
  [
    'no GGUF',
    build('a.gguf'),
    1,
    'a.gguf: error WGC240: not a GGUF file that can be read: it does not begin',
  ],
  ['no such GGUF', build('b.gguf'), 1, 'b.gguf: error WGC203: no such file'],
  ['several GGUF models', build('ggufs'), 1, 'ggufs: error WGC242: this folder holds several GGUF models'],
  ['nothing to keep', build('tinyllama', '--bits', 'keep'), 1, 'WGC245: tinyllama is a preset'],
  ['broken config', build('./json'), 1, /json\/config\.json:2: error WGC206: not valid JSON/],
  [
    'truncated safetensors',
    build('./truncated'),
    1,
    /truncated\/model\.safetensors: error WGC210: the file is truncated/,
  ],
  ['no safetensors', build('./garbage'), 1, /garbage\/model\.safetensors: error WGC2/],
  [
    'wrong shape',
    build('./shape'),
    1,
    'WGC214: tensor model.layers.0.mlp.gate_proj.weight is [172, 64], the config says [96, 64]',
  ],
  ['unsupported architecture', build('./architecture'), 1, /WGC420: .*gpt_bigcode/],
  ['heads that cannot be grouped', build('./heads'), 1, 'WGC422: '],
  ['unknown workgroup', build('whole', '--workgroup', '3x5'), 1, /WGC408: no workgroup "3x5"/],
  ['unknown target', build('whole', '--target', 'chrom'), 1, /WGC410: no target "chrom"/],
  ['context beyond the model', build('./whole', '--context', '1000'), 1, 'WGC424: '],
  ['unknown pass', build('./whole', '--dump', 'fuse-all'), 1, 'WGC403: '],
  ['unwritable folder', build('./whole', '--out', 'file/new'), 1, 'error WGC6'],
  ['a file as folder', build('./whole', '--out', 'file'), 1, 'error WGC610'],
  ['a folder that holds something else', build('./whole', '--out', 'precious'), 1, 'error WGC611'],
  ['no such emcc', build('./whole', '--toolchain', 'emcc', '--no-cache'), 1, 'WGC521: '],
  ['no such bundle', ['inspect', 'nothing'], 1, 'nothing: error WGC203: no such file'],
  ['no bundle', ['inspect', 'precious'], 1, 'precious: error WGC620: this folder holds no bundle'],
  ['serving no bundle', ['serve', 'precious'], 1, 'precious: error WGC620'],
  ['running no bundle', ['run', 'precious', '--prompt', 'x'], 1, 'precious: error WGC620'],
  [
    'no tokenizer',
    ['run', 'bundle', '--prompt', 'x', '--backend', 'wasm'],
    1,
    'WGC624: the bundle has no tokenizer',
  ],
  [
    'no weights',
    ['run', 'preset', '--prompt', 'x', '--backend', 'wasm'],
    1,
    'preset: error WGC628: the bundle has no weights',
  ],
  [
    'no Vulkan driver',
    ['run', 'bundle', '--prompt', 'x', '--backend', 'dawn'],
    1,
    'WGC627: there is no Dawn to run on: vkCreateInstance: Found no drivers!',
  ],
  [
    'no GPU to measure',
    ['tune', '--model', 'tinyllama'],
    1,
    'WGC629: there is no GPU to measure on: vkCreateInstance: Found no drivers!',
  ],
  [
    'no browser to measure in',
    ['tune', '--model', 'tinyllama', '--browser', './no-browser'],
    1,
    "WGC637: ./no-browser can't be measured in: ",
  ],
  [
    'times of another engine',
    ['tune', '--model', 'tinyllama', '--target', 'firefox'],
    1,
    'WGC638: firefox runs on gecko, and times of chromium say nothing of it',
  ],
  ['no time to measure', ['tune', '--model', 'tinyllama', '--budget', '5'], 2, 'WGC103: '],
  [
    'unknown variant',
    tensors('beyond.safetensors', '--variant', 'wasm-simd'),
    1,
    'WGC623: the bundle has no variant "wasm-simd"',
  ],
  ['no such inputs', tensors('none.safetensors'), 1, 'none.safetensors: error WGC203'],
  [
    'an input of another name',
    tensors('named.safetensors'),
    1,
    'WGC626: input tokens_of_text: the model has no such input',
  ],
  [
    'an id beyond the vocabulary',
    tensors('beyond.safetensors'),
    1,
    'WGC625: token 1 is 512; the model knows ids from 0 to 511',
  ],
  ['more tokens than the context', tensors('long.safetensors'), 1, /WGC625: .*512/],
  [
    'unknown program',
    tensors('beyond.safetensors', '--program', 'backward'),
    2,
    'WGC107: no program "backward"',
  ],
]

/** An error is one line, a hint another; a driver's complaints may come before. */
const errorLines = (err: string) => err.split('\n').filter((line) => / error WGC\d+: /.test(line))

describe.each([
  ['the command line', COMMAND_LINE],
  ['the input', INPUT],
] as [string, Row[]][])('%s is wrong', (_, rows) => {
  test.each(rows)('%s', async (_, words, code, says) => {
    const before = folder.list()
    const ran = await wgc(words, {
      cwd: folder.path,
      env: words.includes('emcc') ? { ...env, EMCC: '/nowhere/emcc' } : env,
    })
    expect(ran.err).toMatch(says)
    expect(errorLines(ran.err)).toHaveLength(1)
    expect(ran.err).not.toMatch(/^ {4}at /m)
    expect(ran.out).toBe('')
    expect(ran.code).toBe(code)
    expect(folder.list()).toEqual(before)
  })
})

test('under --json an error is a JSON object on stdout', async () => {
  const { code, out } = await wgc(['inspect', 'precious', '--json'], { cwd: folder.path })
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'WGC620', place: { file: 'precious' } } })
  expect(code).toBe(1)
})

test('a port that is taken', async () => {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const ran = await wgc(['serve', 'bundle', '--port', `${port}`], { cwd: folder.path })
  server.close()
  expect(ran.err).toMatch(`WGC108: port ${port} cannot be used: address already in use`)
  expect(ran.code).toBe(2)
})

test('a damaged bundle', async () => {
  const bundle = join(folder.path, 'damaged')
  const read = (file: string) => JSON.parse(readFileSync(join(bundle, file), 'utf8'))
  // What the processor reads, which runs it below.
  const variants: { backend: string; plan: string }[] = Object.values(read('manifest.json').variants)
  const weights: string = read(variants.find((v) => v.backend === 'wasm')!.plan).shards[0].file
  const bytes = readFileSync(join(bundle, weights))
  bytes[1000]! ^= 1
  writeFileSync(join(bundle, weights), bytes)
  const inspected = await wgc(['inspect', bundle])
  expect(inspected.err).toMatch(
    `WGC622: the bundle is damaged: ${weights}: its SHA-256 is not the manifest's`,
  )
  expect(inspected.code).toBe(1)
  const json = await wgc(['inspect', bundle, '--json'])
  expect(JSON.parse(json.out).faults).toHaveLength(1)
  const words = ['run', bundle, '--inputs', 'beyond.safetensors', '--outputs', 'new', '--backend', 'wasm']
  const ran = await wgc(words, { cwd: folder.path })
  expect(ran.err).toMatch('error WGC631')
  expect(ran.code).toBe(1)
})
