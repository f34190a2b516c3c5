/** A server of one bundle and of pages that run it and examine the browser, for this machine alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import sirv from 'sirv'
import { fail } from '../errors.js'
import { ioReason } from '../import/files.js'
import { packageRoot } from '../root.js'

export interface Serving {
  /** `http://localhost:8000/` */
  url: string
  close(): Promise<void>
}

/** Tried first; when it is taken, and nobody asked for it, the system gives a free one. */
const PORT = 8000
const HOST = '127.0.0.1'

/**
 * A page may share memory between threads only under the first two, and may load what it needs from here alone.
 */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
}

/** Types that sirv's table lacks. */
const TYPES: Record<string, string> = {
  wasm: 'application/wasm',
  wgsl: 'text/wgsl; charset=utf-8',
  bin: 'application/octet-stream',
}

/** Files of a folder, read anew at every request, so that a new build is seen at once. */
const filesOf = (folder: string) =>
  sirv(folder, {
    dev: true,
    setHeaders: (response, path) => {
      const type = TYPES[path.slice(path.lastIndexOf('.') + 1)]
      if (type) response.setHeader('Content-Type', type)
    },
  })

/** What the doctor's page imports of this package: scripts of the runtime, which lie side by side. */
const RUNTIME = /^\/runtime(\/[\w-]+\.js)$/

/**
 * Serves the page at `/`, the doctor's at `/doctor`, and the bundle, if there is one, at `/bundle/`. Throws WGC108 when
 * the port cannot be had.
 */
export async function serveBundle(folder: string | undefined, port?: number): Promise<Serving> {
  const page = filesOf(join(packageRoot(), 'compiler', 'serve', 'page'))
  const runtime = filesOf(join(packageRoot(), 'dist'))
  const bundle = folder === undefined ? undefined : filesOf(folder)
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (!isLocal(request)) return refuse(response, 403, 'this server answers to localhost alone')
    const missing = () => refuse(response, 404, `no such file: ${request.url}`)
    const asked = request.url ?? ''
    if (!bundle && /^\/(\?.*)?$/.test(asked)) return redirect(response, '/doctor')
    const script = RUNTIME.exec(asked)?.[1]
    const inside = /^\/bundle(\/.*)$/.exec(asked)?.[1]
    if (script === undefined && inside === undefined) return page(request, response, missing)
    request.url = script ?? inside
    const files = script === undefined ? bundle : runtime
    return files ? files(request, response, missing) : missing()
  })
  await listen(server, port)
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** A page elsewhere may have a name that resolves to this machine; its requests carry that name. */
function isLocal({ headers }: IncomingMessage): boolean {
  return /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(headers.host ?? '')
}

function redirect(response: ServerResponse, to: string): void {
  response.statusCode = 302
  response.setHeader('Location', to)
  response.end()
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(`${text}\n`)
}

const listenOn = (server: Server, port: number): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((done) => {
    server.once('error', done)
    server.listen(port, HOST, () => {
      server.off('error', done)
      done(undefined)
    })
  })

async function listen(server: Server, port: number | undefined): Promise<void> {
  let error = await listenOn(server, port ?? PORT)
  if (error && port === undefined) error = await listenOn(server, 0)
  if (error) fail('WGC108', [port ?? PORT, ioReason(error)], { cause: error })
}
