/** A static server for tests: the headers that a page needs for WebGPU and shared memory, and several folders. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import sirv from 'sirv'

export interface Site {
  /** `http://localhost:<port>/`: a secure context. */
  url: string
  /** Mount point to absolute folder, longest first. */
  folders: [mount: string, folder: string][]
  close(): Promise<void>
}

const BLANK = '<!doctype html><meta charset="utf-8"><title>wgc test</title><link rel="icon" href="data:,">'

/** Types that sirv's table lacks, or that a browser insists on. */
const TYPES: Record<string, string> = {
  wasm: 'application/wasm',
  wgsl: 'text/wgsl; charset=utf-8',
  bin: 'application/octet-stream',
  safetensors: 'application/octet-stream',
}

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/**
 * Serves each folder of `mounts` (`{ '/bundle': 'out/stories', '/dist': 'dist' }`) until `close()`.
 * `/` is an empty page. Files are read anew on every request; `Range` is answered.
 * `isolated: false` leaves the COOP/COEP headers out, as most hosts do.
 */
export async function serve(
  mounts: Record<string, string>,
  { isolated = true }: { isolated?: boolean } = {},
): Promise<Site> {
  const folders = Object.entries(mounts)
    .map(([mount, folder]): [string, string] => [`/${mount}/`.replace(/\/+/g, '/'), resolve(folder)])
    .sort(([a], [b]) => b.length - a.length)
  const files = folders.map(
    ([mount, folder]) =>
      [
        mount,
        sirv(folder, {
          dev: true,
          dotfiles: true,
          setHeaders: (response, path) => {
            const type = TYPES[path.slice(path.lastIndexOf('.') + 1)]
            if (type) response.setHeader('Content-Type', type)
          },
        }),
      ] as const,
  )

  const server = createServer((request, response) => {
    if (isolated) for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value)
    const url = request.url ?? '/'
    if (url === '/' || url.startsWith('/?')) {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.end(BLANK)
      return
    }
    const found = files.find(([mount]) => url.startsWith(mount))
    const missing = () => {
      response.statusCode = 404
      response.end(`no such file: ${url}`)
    }
    if (!found) return missing()
    request.url = url.slice(found[0].length - 1)
    found[1](request, response, missing)
  })
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(0, '127.0.0.1', done)
  })
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    folders,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
