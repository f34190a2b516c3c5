/** Networks that fail, against a server that fails as it is told to. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RETRY_WAITS, steady } from '../../runtime/care/steady.js'
import { FetchError, load } from '../../runtime/index.js'
import { urlSource } from '../../runtime/source.js'
import { type Bundle, memorySource, tinyBundle } from '../helpers/tiny-bundle.js'

const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) % 251)

/** What the server does with the first requests; the rest go well. */
type Answer =
  /** Sends so many bytes of what was asked for, and hangs up. */
  | { cut: number }
  /** Answers with that status. */
  | { status: number }
  /** Hangs up at once. */
  | 'refuse'

interface Case {
  what: string
  answers: Answer[]
  /** Of the server: Range is not looked at. */
  whole?: boolean
  ranges: (string | undefined)[]
  error?: { status: number | undefined }
}

const CASES: Case[] = [
  { what: 'nothing fails', answers: [], ranges: [undefined] },
  { what: 'it breaks off', answers: [{ cut: 60_000 }], ranges: [undefined, 'bytes=60000-'] },
  {
    what: 'it breaks off time and again',
    answers: [{ cut: 60_000 }, { cut: 10_000 }, { cut: 20_000 }],
    ranges: [undefined, 'bytes=60000-', 'bytes=70000-', 'bytes=90000-'],
  },
  { what: 'it breaks off before its first byte', answers: [{ cut: 0 }], ranges: [undefined, undefined] },
  {
    what: 'it is not to be reached at first',
    answers: ['refuse', 'refuse'],
    ranges: [undefined, undefined, undefined],
  },
  {
    what: 'the server knows no ranges',
    ...{ answers: [{ cut: 60_000 }], whole: true, ranges: [undefined, 'bytes=60000-', undefined] },
  },
  {
    what: 'the server knows no ranges and breaks off again',
    answers: [{ cut: 60_000 }, { cut: 10_000 }, { cut: 30_000 }],
    ...{ whole: true, ranges: [undefined, 'bytes=60000-', undefined, 'bytes=60000-', undefined] },
  },
  { what: 'it is not there', answers: [{ status: 404 }], ranges: [undefined], error: { status: 404 } },
  { what: 'the server fails', answers: [{ status: 503 }], ranges: [undefined], error: { status: 503 } },
  {
    what: 'it is not there any more',
    answers: [{ cut: 60_000 }, { status: 404 }, { status: 404 }],
    ...{ ranges: [undefined, 'bytes=60000-', undefined], error: { status: 404 } },
  },
  {
    what: 'the network stays away',
    answers: Array(9).fill('refuse'),
    ...{ ranges: Array(RETRY_WAITS.length + 1).fill(undefined), error: { status: undefined } },
  },
]

let server: Server
let url = ''
let answers: Answer[] = []
let whole = false
let ranges: (string | undefined)[] = []
let bytesOf = (_: string): Uint8Array | undefined => BYTES

function send(response: ServerResponse, bytes: Uint8Array, range: string | undefined, answer?: Answer): void {
  if (answer === 'refuse') return void response.destroy()
  if (answer && 'status' in answer) return void response.writeHead(answer.status).end()
  const from = whole ? 0 : Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0)
  const part = bytes.subarray(from)
  response.writeHead(from ? 206 : 200, { 'content-length': part.length })
  if (!answer) return void response.end(part)
  response.write(part.subarray(0, answer.cut))
  // A server hangs up after what it sent has left.
  setTimeout(() => response.destroy(), 30)
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const bytes = bytesOf(request.url!.slice(1))
    if (!bytes) return void response.writeHead(404).end()
    ranges.push(request.headers.range)
    send(response, bytes, request.headers.range, answers.shift())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('a file read by a network that fails', () => {
  it.each(CASES)('$what', { timeout: 30_000 }, async (c) => {
    answers = [...c.answers]
    whole = c.whole ?? false
    ranges = []
    const read = async () => {
      const body = await steady(urlSource(url)).read('weights.bin', {})
      return new Uint8Array(await new Response(body as BodyInit).arrayBuffer())
    }
    if (c.error) {
      const error = await read().catch((e) => e)
      expect(error).toBeInstanceOf(FetchError)
      expect(error.status).toBe(c.error.status)
    } else expect(Buffer.compare(await read(), BYTES)).toBe(0)
    expect(ranges).toEqual(c.ranges)
  })

  it('is given up by its signal while it waits', async () => {
    answers = Array(9).fill('refuse')
    const started = performance.now()
    const reading = steady(urlSource(url)).read('weights.bin', { signal: AbortSignal.timeout(300) })
    await expect(reading).rejects.toThrow()
    expect(performance.now() - started).toBeLessThan(1500)
    answers = []
  })

  it('leaves sources of the page’s own as they are', async () => {
    const own = memorySource(await tinyBundle())
    expect(steady(own)).toBe(own)
  })
})

describe('a load by a network that fails', () => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await tinyBundle()
    bytesOf = (name) =>
      name === 'manifest.json'
        ? new TextEncoder().encode(JSON.stringify(bundle.manifest))
        : bundle.files.get(name)
  })
  const options = { backend: 'wasm', gpu: null, tokenizer: false } as const

  it('goes on where it broke off', async () => {
    // The manifest goes well; plan, code and shards break off.
    whole = false
    answers = [{ cut: 1e9 }, { cut: 10 }, { cut: 10 }, { cut: 10 }]
    const model = await load(url, options)
    expect(model.backend).toBe('wasm')
    model.destroy()
  })

  it('is a FetchError that says which file, and works the next time', { timeout: 30_000 }, async () => {
    const files = bytesOf
    let broken = true
    bytesOf = (name) => files(name)
    answers = []
    const { read } = urlSource(url)
    const source = {
      async read(name: string, o: object) {
        const body = await read(name, o)
        if (!broken || !name.startsWith('weights')) return body
        return new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new Uint8Array(4))
          },
          pull(controller) {
            controller.error(new TypeError('network error'))
          },
        })
      },
    }
    const error = await load(source, options).catch((e) => e)
    expect(error).toBeInstanceOf(FetchError)
    expect(error.message).toMatch(/weights-\d.bin broke off: network error/)
    broken = false
    const model = await load(source, options)
    model.destroy()
  })
})
