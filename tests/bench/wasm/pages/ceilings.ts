/** The machine's ceilings, in as many workers as there are threads: each has a module and a memory of its own. */
import type { Ceiling } from '../rows.js'

interface Job {
  kind: Ceiling
  times: number
}

/** Floating-point operations of a turn of `madds`. */
const FLOPS = 24 * 8

const WORKER = `
onmessage = async ({ data }) => {
  if (data.wasm) {
    const memory = new WebAssembly.Memory({ initial: data.pages })
    const { instance } = await WebAssembly.instantiate(data.wasm, { env: { memory } })
    const at = Math.ceil(instance.exports.__heap_base.value / 256) * 256
    new Uint8Array(memory.buffer, at).fill(1)
    self.work = ({ kind, times }) => {
      if (kind === 'read') instance.exports.read_all(at, data.bytes, times)
      else instance.exports.madds(at, times)
    }
  } else self.work(data)
  postMessage(0)
}`

/** What each worker reads: beyond any cache, as the weights of a whole model are. */
const BYTES = 1 << 27

export interface Ceilings {
  /** GB/s or GFLOP/s of all threads, over some `ms` milliseconds. */
  measure(kind: Ceiling, ms: number): Promise<number>
}

export async function open(url: string, threads: number): Promise<Ceilings> {
  const wasm = await (await fetch(`${url}out/ceilings.wasm`)).arrayBuffer()
  const source = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
  const workers = Array.from({ length: threads }, () => new Worker(source))
  const ask = (message: object) =>
    Promise.all(
      workers.map(
        (w) =>
          new Promise((done) => {
            w.onmessage = done
            w.postMessage(message)
          }),
      ),
    )
  await ask({ wasm, bytes: BYTES, pages: (BYTES >> 16) + 32 })
  const timed = async (job: Job) => {
    const start = performance.now()
    await ask(job)
    return performance.now() - start
  }
  return {
    async measure(kind, ms) {
      let times = 1
      let took = await timed({ kind, times })
      while (took < ms / 4) {
        times *= 4
        took = await timed({ kind, times })
      }
      times = Math.max(1, Math.round((times * ms) / took))
      took = await timed({ kind, times })
      return (threads * times * (kind === 'read' ? BYTES : FLOPS)) / took / 1e6
    },
  }
}
