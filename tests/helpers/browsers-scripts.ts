/** Node (wasm, and WebGPU by Dawn where a Vulkan driver is found) and Deno (wasm, and WebGPU by wgpu). */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Engine, EngineName, How } from './browsers.js'
import { type Outcome, timeoutOf, unwrap } from './browsers-page.js'

const RUNNER = fileURLToPath(new URL('./browsers-runner.mjs', import.meta.url))
const DENO = 'node_modules/.bin/deno'

/** Chromium's own SwiftShader, which Dawn takes; Debian's lavapipe is too old for it. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

interface Command {
  command: string
  args: string[]
  env?: Record<string, string>
}

/** Runs a command with `input` on its standard input; resolves with its output and exit code. */
function launch({ command, args, env }: Command, input: string, timeout: number) {
  return new Promise<{ out: string; err: string; code: number | null }>((done, failed) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      timeout,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.once('error', failed)
    child.once('close', (code) => done({ out, err, code }))
    child.stdin.on('error', () => {}) // A child that died early says why by its exit code.
    child.stdin.end(input)
  })
}

/** Every run is a process of its own: nothing is shared, and nothing is left. */
function engine(name: EngineName, version: string, command: Command): Engine {
  return {
    name,
    version,
    async run(site, script, args, options) {
      const folders = site.folders.map(([mount, folder]) => [mount, pathToFileURL(join(folder, '/')).href])
      const job = JSON.stringify({ url: site.url, folders, script: script.toString(), args })
      const { out, err, code } = await launch(command, job, timeoutOf(options))
      const line = out.split('\n').findLast((text) => text.startsWith('{"outcome":'))
      if (!line) throw new Error(`${name}: no result (exit code ${code})\n  ${out}\n  ${err}`)
      const { outcome } = JSON.parse(line) as { outcome: Outcome }
      return unwrap(name, outcome, err.split('\n').filter(Boolean))
    },
    close: async () => {},
  }
}

export async function node({ args = [], env = {} }: How = {}): Promise<Engine> {
  return engine('node', process.versions.node, {
    command: process.execPath,
    args: [...args, RUNNER],
    env: {
      ...(existsSync(SWIFTSHADER) && !process.env.VK_DRIVER_FILES && { VK_DRIVER_FILES: SWIFTSHADER }),
      ...env,
    },
  })
}

export async function deno({ args = [] }: How = {}): Promise<Engine> {
  const { out } = await launch({ command: DENO, args: ['--version'] }, '', 20_000)
  return engine('deno', /deno (\S+)/.exec(out)?.[1] ?? 'unknown', {
    command: DENO,
    args: ['run', '--allow-all', '--unstable-webgpu', '--no-config', '--no-lock', ...args, RUNNER],
    env: { DENO_NO_UPDATE_CHECK: '1' },
  })
}
