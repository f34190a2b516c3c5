/** WebGPU in Node: Dawn, Chrome's own, from the npm package `webgpu`. It needs a Vulkan, Metal or D3D12 driver. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { fail } from '../errors.js'

/** What a look for an adapter found: its name, or why there is none. */
export interface Probe {
  adapter?: string
  why?: string
}

/** Dawn forgets its work when the object it came from is collected. */
const kept: GPU[] = []

/** With experiments, and with the device's own clock as fine as it is: for measurements. */
export const MEASURING = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
]

/** Dawn's own flags for features that are switched on and off, of lists that may name some twice. */
export function dawnOptions(options: readonly string[], environment = process.env.WGC_DAWN ?? ''): string[] {
  const named = environment.split(',').map((name) => name.trim())
  const both = ['enable', 'disable'].map((way) => {
    const flag = `${way}-dawn-features=`
    const given = options.filter((o) => o.startsWith(flag)).flatMap((o) => o.slice(flag.length).split(','))
    const own = named.filter((n) => n.startsWith('-') === (way === 'disable')).map((n) => n.replace(/^-/, ''))
    const all = [...new Set([...given, ...own])].filter(Boolean)
    return all.length > 0 ? [flag + all.join(',')] : []
  })
  return [...options.filter((o) => !o.includes('-dawn-features=')), ...both.flat()]
}

/** Dawn's `navigator.gpu`, with the features that WGC_DAWN names (`allow_unsafe_apis,-timestamp_quantization`). Throws WGC627 when the package has no binary for this system. */
export async function openDawn(options: string[] = []): Promise<GPU> {
  try {
    const { create } = await import('webgpu')
    const gpu = create(dawnOptions(options))
    kept.push(gpu)
    return gpu
  } catch (e) {
    return fail('WGC627', [(e as Error).message.split('\n')[0] ?? ''], { cause: e })
  }
}

/** Name and version of the package that holds Dawn. */
export function dawnVersion(): string {
  const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string }
  return `Dawn (npm webgpu ${version})`
}

/** Run in a process of its own by `probeDawn`. */
export async function printProbe(): Promise<void> {
  const adapter = await (await openDawn()).requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) return
  const { vendor, architecture, device, description } = adapter.info
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed'
  process.stdout.write(JSON.stringify({ adapter: name } satisfies Probe))
}

const PROBE = fileURLToPath(new URL('./dawn-probe.js', import.meta.url))
const PROBE_MS = 20_000

/**
 * Whether Dawn finds an adapter. Asked in another process: a driver that is absent or broken writes to
 * stderr past us, and may even crash.
 */
export function probeDawn(signal: AbortSignal): Promise<Probe> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROBE], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PROBE_MS,
      signal,
    })
    const texts = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk))
    child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk))
    child.once('error', (e) => resolve({ why: e.message }))
    child.once('close', () => resolve(parse(texts.out) ?? { why: whyFrom(texts.err) }))
  })
}

function parse(out: string): Probe | undefined {
  return out.startsWith('{') ? (JSON.parse(out) as Probe) : undefined
}

/** The line of Dawn's many that says most. */
function whyFrom(err: string): string {
  const lines = err.split('\n').map((line) => line.replace(/^(Warning|error): /i, '').trim())
  return lines.find((line) => /driver|required|vk[A-Z]/.test(line)) ?? lines.find(Boolean) ?? 'no adapter'
}
