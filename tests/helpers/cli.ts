/** The command line as users run it: a process of the built package. */
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const MAIN = resolve('dist/compiler/cli/main.js')
const BUILT = [
  'dist/.tsbuildinfo',
  'dist/runtime.js',
  'dist/tokenizer.js',
  'dist/wasm-worker.js',
  'dist/wasm-threads.js',
  'dist/tasks.js',
  MAIN,
]

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => statSync(join(folder, file)).mtimeMs),
  )

const isFresh = (): boolean =>
  BUILT.every((file) => existsSync(file)) &&
  statSync(BUILT[0]!).mtimeMs >= Math.max(newest('compiler'), newest('runtime'))

const LOCK = 'dist/.building'

/** Builds `dist/` if it is older than the sources; one test file does, the others wait. */
export async function freshDist(): Promise<void> {
  mkdirSync('dist', { recursive: true })
  for (;;) {
    if (isFresh() && !existsSync(LOCK)) return
    try {
      mkdirSync(LOCK)
      break
    } catch {
      // Another test file builds; it may have died at it.
      const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? 0
      if (Date.now() - since > 60_000) rmSync(LOCK, { recursive: true, force: true })
      await new Promise((done) => setTimeout(done, 200))
    }
  }
  try {
    const { status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`npm run build failed:\n${stdout}`)
    // tsc leaves the file alone when no output changed.
    utimesSync(BUILT[0]!, new Date(), new Date())
  } finally {
    rmdirSync(LOCK)
  }
}

export interface Ran {
  code: number | null
  out: string
  err: string
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  /** Sends SIGINT once stderr or stdout holds this text. */
  interruptAt?: string
}

/** Runs `wgc …words`. */
export function wgc(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd, env, interruptAt } = options
  const child = spawn(process.execPath, [MAIN, ...words], { cwd, env: { ...process.env, ...env } })
  const ran: Ran = { code: null, out: '', err: '' }
  let interrupted = false
  const watch = () => {
    if (interruptAt === undefined || interrupted || !(ran.out + ran.err).includes(interruptAt)) return
    interrupted = true
    child.kill('SIGINT')
  }
  child.stdout.on('data', (chunk) => {
    ran.out += chunk
    watch()
  })
  child.stderr.on('data', (chunk) => {
    ran.err += chunk
    watch()
  })
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (code) => done({ ...ran, code }))
  })
}

/** The JSON object on stdout of a command that succeeded. */
export async function wgcJson<T>(words: readonly string[], options: RunOptions = {}): Promise<T> {
  const { code, out, err } = await wgc([...words, '--json'], options)
  if (code !== 0) throw new Error(`wgc ${words.join(' ')}: exit code ${code}\n${err}`)
  return JSON.parse(out) as T
}

/** A temporary folder, and what lies in it (paths, sorted, with sizes). */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'wgc-cli-'))
  return {
    path,
    list: () =>
      readdirSync(path, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((file) => `${file} ${statSync(join(path, file)).size}`),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

export type TemporaryFolder = ReturnType<typeof temporaryFolder>
