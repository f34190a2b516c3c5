/** The command line where nothing goes wrong: help, lists, a bundle's inspection, stopping. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BundleReport } from '../../compiler/cli/inspect-report.js'
import type { EmittedKernel } from '../../compiler/cli/kernels-emitted.js'
import { bytes, count, table, wrap } from '../../compiler/cli/output.js'
import { loadTemplates } from '../../compiler/specialize/index.js'
import { loadTargets } from '../../compiler/targets.js'
import type { Manifest } from '../../runtime/format.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { STORIES } from '../helpers/models.js'

let folder: TemporaryFolder

beforeAll(async () => {
  folder = temporaryFolder()
  await freshDist()
})

afterAll(() => folder?.remove())

describe('help', () => {
  test.each(['build', 'run', 'serve', 'inspect', 'targets', 'models', 'kernels', 'tune', 'bench'])(
    '%s',
    async (name) => {
      const { code, out, err } = await wgc([name, '--help'])
      expect(out).toMatch(`Usage: wgc ${name}`)
      expect(out).toMatch('Examples:\n  $ wgc ')
      expect(out).toMatch('--json')
      expect({ code, err }).toEqual({ code: 0, err: '' })
    },
  )

  test('of everything, on stdout when it was asked for', async () => {
    const [asked, alone] = await Promise.all([wgc(['--help']), wgc([])])
    expect(asked).toMatchObject({ code: 0, err: '' })
    expect(alone).toMatchObject({ code: 2, out: '', err: asked.out })
    expect(asked.out).toMatch('Exit codes: 0 done')
  })

  test('the version', async () => {
    expect((await wgc(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('lists', () => {
  test('targets', async () => {
    const { targets } = await wgcJson<{ targets: { name: string; engine: string }[] }>(['targets'])
    expect(targets.map((t) => t.name)).toEqual([...loadTargets().keys()])
    expect((await wgc(['targets'])).out).toMatch(/^all: chrome, /m)
    // One by name: support, and a text for every source that is named anywhere.
    interface Details {
      support: { thing: string; state: string }[]
      sources: Record<string, string>
    }
    const one = await wgcJson<{ targets: Details[] }>(['targets', 'firefox-android'])
    expect(one.targets[0]!.support.find((c) => c.thing === 'webgpu')?.state).toBe('no')
    expect(Object.values(one.targets[0]!.sources).every((text) => text !== '')).toBe(true)
    expect((await wgc(['targets', 'chrome'])).out).toMatch(/^ {2}subgroups +yes +134 /m)
  })

  test('models', async () => {
    interface Preset {
      name: string
      parameters: number
      weights: Record<string, number>
      kv: number
    }
    const { presets, families } = await wgcJson<{ presets: Preset[]; families: unknown[] }>(['models'])
    expect(families).toContainEqual({ family: 'llama', architectures: ['LlamaForCausalLM'] })
    // Published: 1.1 B and 8.03 B parameters.
    const tiny = presets.find((p) => p.name === 'tinyllama')!
    expect(tiny.parameters).toBe(1_100_048_384)
    expect(presets.find((p) => p.name === 'llama-3-8b')!.parameters).toBe(8_030_261_248)
    // 22 layers, keys and values, 4 heads of 64, 2048 tokens, 2 bytes.
    expect(tiny.kv).toBe(22 * 2 * 4 * 64 * 2048 * 2)
    expect(tiny.weights.f16! / tiny.parameters).toBeCloseTo(2, 2)
    expect(tiny.weights['8']! / tiny.parameters).toBeCloseTo(1 + 2 / 64, 2)
  })

  test('kernels', async () => {
    const { kernels } = await wgcJson<{ kernels: { name: string; op: string; doc: string }[] }>(['kernels'])
    expect(kernels.map((k) => k.name)).toEqual(loadTemplates('kernel-templates').map((t) => t.name))
    for (const { op, doc } of kernels) {
      expect(op).toMatch(/^\w+\(.*\) -> /)
      expect(doc).not.toBe('')
    }
    const { out } = await wgc(['kernels', '--template', 'rmsnorm', '--target', 'firefox,chrome'])
    expect(out).toMatch(/^ {2}chrome +subgroups \| no feature$/m)
    expect(out).toMatch(/^ {2}firefox +no feature$/m)
    expect(out).toMatch(/^rmsnorm \(wgsl\)$/m)
    expect(out).toMatch(/^rmsnorm \(c\)$/m)
  })

  test('kernels of targets: workgroup, memory and bindings, all within what every device has', async () => {
    const { emitted } = await wgcJson<{ emitted: EmittedKernel[] }>(['kernels', '--target', 'safari,firefox'])
    expect([...new Set(emitted.map((k) => k.target))]).toEqual(['safari', 'firefox'])
    const wide = emitted.filter(({ workgroup, memory, bindings }) => {
      const storage = bindings.filter((b) => b.kind !== 'u').length
      return workgroup[0] * workgroup[1] * workgroup[2] > 256 || memory > 16384 || storage > 8
    })
    expect(wide).toEqual([])
    expect(emitted.filter((k) => k.target === 'firefox' && k.params.SUBGROUPS === true)).toEqual([])
    const { out } = await wgc(['kernels', '--target', 'safari'])
    expect(out).toMatch(/^ {2}rope +FORM=half .* 64x1x1 +0 {2}\d+ of \d+ +0:x:w /m)
  })
})

describe('build', () => {
  test('says what it made, as JSON and for people', async () => {
    const words = ['build', '--model', STORIES, '--target', 'firefox,node', '--out']
    const made = await wgcJson<{
      files: Manifest['files']
      targets: Manifest['targets']
      bytes: number
      notes: string[]
    }>([...words, join(folder.path, 'json')])
    expect(Object.keys(made.targets)).toEqual(['firefox', 'node'])
    const onDisk = readdirSync(join(folder.path, 'json')).filter((name) => name !== 'manifest.json')
    expect(Object.keys(made.files).sort()).toEqual(onDisk.sort())
    const { out, err } = await wgc([...words, join(folder.path, 'text'), '--explain', '--dump', 'fuse-glu'])
    expect(err).toBe('')
    expect(out).toMatch(/ {2}weights +\d+ files? /)
    expect(out).toMatch(/^ {2}firefox +webgpu-/m)
    expect(out).toMatch(/^done in \d/m)
    expect(out).toMatch(/dispatches/)
  })

  test('Ctrl-C leaves nothing behind', async () => {
    const before = folder.list()
    const words = [
      'build',
      '--model',
      STORIES,
      '--no-cache',
      '--verbose',
      '--out',
      join(folder.path, 'stopped'),
    ]
    const { code, out, err } = await wgc(words, { interruptAt: 'validating' })
    expect({ code, out }).toEqual({ code: 130, out: '' })
    expect(err).toMatch(/wgc: stopped\n$/)
    expect(folder.list()).toEqual(before)
  })
})

describe('inspect', () => {
  test('sizes, variants, programs', async () => {
    const bundle = join(folder.path, 'inspected')
    await wgcJson(['build', '--model', STORIES, '--target', 'node', '--bits', '8', '--out', bundle])
    const report = await wgcJson<BundleReport>(['inspect', bundle])
    expect(report).toMatchObject({
      faults: [],
      strangers: [],
      model: { family: 'llama', name: 'stories260K' },
    })
    const roles = new Set(report.files.map((f) => f.role))
    expect([...roles].sort()).toEqual(
      ['WGSL', 'WebAssembly', 'manifest', 'plan', 'runtime', 'self-test', 'tokenizer', 'weights'].sort(),
    )
    for (const { raw, gzip, brotli } of report.files) expect(Math.max(gzip, brotli)).toBeLessThan(raw + 64)
    for (const variant of report.variants) {
      expect(Object.keys(variant.programs)).toEqual(['prefill', 'decode', 'forward'])
      expect(variant.programs.decode!.dispatches).toBeGreaterThan(20)
      expect(variant.memory.weights).toBeGreaterThan(report.model.parameters)
      expect(variant.download.raw).toBeGreaterThan(variant.withoutWeights.raw)
      expect(variant.targets).toEqual(['node'])
    }
    const { out } = await wgc(['inspect', bundle])
    expect(out).toMatch('every file has the size and hash of the manifest')
    expect(out).toMatch(/^ {2}decode +\d+ dispatches +1 token +arena /m)
  })
})

describe('how results look', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_600, '1.00 MB'],
    [4_000_000_000, '4.00 GB'],
  ])('%i bytes', (n, text) => expect(bytes(n)).toBe(text))

  test('counts, tables, lines', () => {
    expect([count(7), count(260_032), count(1_100_048_384)]).toEqual(['7', '260 k', '1.10 B'])
    expect(
      table(
        [
          ['a', 'bb'],
          ['ccc', 'd'],
        ],
        [1],
      ),
    ).toEqual(['a    bb', 'ccc   d'])
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc'])
  })
})
