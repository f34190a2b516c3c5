// Runs one script in Node or Deno: the job comes as JSON on standard input, the outcome leaves as the last line.
import { readFileSync } from 'node:fs'

const job = JSON.parse(readFileSync(0, 'utf8'))
const text = (error) =>
  error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error)
const said = []
for (const level of ['warn', 'error']) {
  const plain = console[level].bind(console)
  console[level] = (...parts) => {
    said.push(`${level}: ${parts.join(' ')}`)
    plain(...parts)
  }
}

/** Dawn, where the runtime looks for WebGPU. What create() returns must stay referenced, or Node aborts. */
async function addWebGPU() {
  if (globalThis.navigator?.gpu) return
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  const gpu = create([])
  if (!globalThis.navigator) Object.defineProperty(globalThis, 'navigator', { value: {} })
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu })
}

const page = {
  url: job.url,
  import: (path) => {
    const found = job.folders.find(([mount]) => path.startsWith(mount))
    if (!found) throw new Error(`no folder is mounted for ${path}`)
    return import(new URL(path.slice(found[0].length), found[1]).href)
  },
}

let outcome
try {
  await addWebGPU()
  const script = new Function(`return (${job.script})`)()
  const value = await script(job.args, page)
  outcome = { value: JSON.stringify(value ?? null) }
} catch (error) {
  outcome = { error: text(error) }
}
const line = `${JSON.stringify({ outcome: { ...outcome, console: said } })}\n`
// Dawn's event loop and open connections would keep the process alive, and Node may hang where it exits by itself
// (nodejs/node#54918).
process.stdout.write(line, () =>
  process.versions.deno ? process.exit(0) : process.kill(process.pid, 'SIGKILL'),
)
