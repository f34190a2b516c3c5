// node tests/bench/sizes.mjs [BUNDLE] [--alone]
// What a bundle of wgc's holds; and what a page downloads before it can run a model, weights and tokenizer data
// aside: each variant of that bundle, beside onnxruntime-web and WebLLM, which are fetched from the npm registry
// (not with --alone). Prints Markdown tables.
// gzip at level 9, brotli at quality 11, each file by itself. Takes some minutes: brotli is slow on 28 MB.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import terser from '@rollup/plugin-terser'
import { rollup } from 'rollup'

const ORT = 'onnxruntime-web@1.30.0'
const WEBLLM = '@mlc-ai/web-llm@0.2.86'

/** What a page that imports the named entry fetches: the entry, and what it fetches itself. */
const PEERS = [
  {
    what: `${ORT}, \`onnxruntime-web/webgpu\``,
    spec: ORT,
    files: ['dist/ort.webgpu.bundle.min.mjs', 'dist/ort-wasm-simd-threaded.asyncify.wasm'],
  },
  {
    what: `${ORT}, \`onnxruntime-web\``,
    spec: ORT,
    files: ['dist/ort.bundle.min.mjs', 'dist/ort-wasm-simd-threaded.jsep.wasm'],
  },
  {
    what: `${ORT}, \`onnxruntime-web/wasm\`, no WebGPU`,
    spec: ORT,
    files: ['dist/ort.wasm.bundle.min.mjs', 'dist/ort-wasm-simd-threaded.wasm'],
  },
  { what: `${WEBLLM} as published`, spec: WEBLLM, files: ['lib/index.js'] },
  { what: `${WEBLLM}, minified`, spec: WEBLLM, files: ['lib/index.js'], minify: true },
]

/** Unpacks a package of the registry into a folder of its own. */
function unpack(spec, folder) {
  const args = ['pack', spec, '--json', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }))
  const name = filename.replace(/\.tgz$/, '')
  execFileSync('mkdir', ['-p', name], { cwd: folder })
  execFileSync('tar', ['xzf', filename, '-C', name, '--strip-components=1'], { cwd: folder })
  return join(folder, name)
}

/** As a developer's bundler would ship it. */
async function minified(file) {
  const bundle = await rollup({ input: file, external: () => true, logLevel: 'silent', context: 'undefined' })
  const { output } = await bundle.generate({ format: 'es', plugins: [terser({ module: true })] })
  await bundle.close()
  return Buffer.from(output[0].code)
}

async function sizes(contents) {
  const compressed = await Promise.all(
    contents.flatMap((content) => [
      promisify(gzip)(content, { level: 9 }),
      promisify(brotliCompress)(content), // quality 11 is the default
    ]),
  )
  const total = (list) => list.reduce((bytes, { length }) => bytes + length, 0)
  return [contents, compressed.filter((_, i) => i % 2 === 0), compressed.filter((_, i) => i % 2 === 1)].map(
    total,
  )
}

const shown = (bytes) =>
  bytes < 1e5
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)} kB`
      : `${(bytes / 1e6).toFixed(2)} MB`
const row = (what, numbers) => console.log(`| ${what} | ${numbers.map(shown).join(' | ')} |`)

const sum = (files) => ['raw', 'gzip', 'brotli'].map((key) => files.reduce((total, f) => total + f[key], 0))

/** A row a role. */
function holdsTable({ files }) {
  const roles = new Map()
  for (const f of files) roles.set(f.role, [...(roles.get(f.role) ?? []), f])
  console.log('| what | files | as it lies | gzip | brotli |\n| --- | ---: | ---: | ---: | ---: |')
  for (const [role, of] of roles) row(`${role} | ${of.length}`, sum(of))
  row(`all | ${files.length}`, sum(files))
}

/** Without the weights and the model's own tokenizer.json: those any runtime needs. */
function bundleRows({ model, files, variants }) {
  for (const { id, files: names } of variants) {
    const code = files.filter(
      (f) => names.includes(f.name) && !['weights', 'tokenizer', 'preprocessor'].includes(f.role),
    )
    row(`wgc, ${model.name}, ${id}`, sum(code))
  }
}

function inspect(folder) {
  const cli = new URL('../../dist/compiler/cli/main.js', import.meta.url).pathname
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 }
  return JSON.parse(execFileSync(process.execPath, [cli, 'inspect', folder, '--json'], options))
}

const words = process.argv.slice(2)
const [bundle] = words.filter((word) => !word.startsWith('--'))
const report = bundle && inspect(bundle)
if (report) holdsTable(report)
console.log('\n| what a page downloads | as it lies | gzip | brotli |\n| --- | ---: | ---: | ---: |')
if (report) bundleRows(report)
if (words.includes('--alone')) process.exit()
const temporary = mkdtempSync(join(tmpdir(), 'wgc-sizes-'))
try {
  const folders = new Map()
  for (const { what, spec, files, minify } of PEERS) {
    if (!folders.has(spec)) folders.set(spec, unpack(spec, temporary))
    const paths = files.map((file) => join(folders.get(spec), file))
    const contents = minify ? await Promise.all(paths.map(minified)) : paths.map((path) => readFileSync(path))
    row(what, await sizes(contents))
  }
} finally {
  rmSync(temporary, { recursive: true })
}
