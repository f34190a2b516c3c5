/** `wgc serve`: its headers, and its page in real browsers. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, serveBundle } from '../../compiler/serve/server.js'
import { type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgcJson } from '../helpers/cli.js'
import { STORIES, storiesCases } from '../helpers/models.js'
import type { Site } from '../helpers/server.js'

const story = storiesCases()[0]!
let folder: TemporaryFolder
let serving: Serving
let site: Site
let doctor: Site
/** Without a bundle. */
let bare: Serving
let bareDoctor: Site

/** A served page behind a server that lets the test's own script into it, which its policy forbids. */
async function scriptable(url: string, path: string): Promise<Site> {
  const server = createServer((asked, answer) => {
    request(new URL(asked.url ?? '/', url), (response) => {
      const { 'content-security-policy': policy = '', ...headers } = response.headers
      const open = `${policy}`.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
      answer.writeHead(response.statusCode ?? 500, { ...headers, 'content-security-policy': open })
      response.pipe(answer)
    }).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = async () => server.closeAllConnections()
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${path}`,
    folders: [],
    close,
  }
}

beforeAll(async () => {
  await freshDist()
  folder = temporaryFolder()
  await wgcJson(['build', '--model', STORIES, '--bits', 'f32', '--out', `${folder.path}/stories`])
  serving = await serveBundle(`${folder.path}/stories`)
  site = await scriptable(serving.url, '/?backend=wasm')
  doctor = await scriptable(serving.url, '/doctor')
  bare = await serveBundle(undefined, 0)
  bareDoctor = await scriptable(bare.url, '/doctor')
})

afterAll(async () => {
  for (const s of [site, doctor, bareDoctor, bare]) await s?.close()
  await serving?.close()
  folder?.remove()
})

/** What a user sees after a prompt, and after a second one that is stopped. */
async function usePage({ prompt }: { prompt: string }, _: Page) {
  const at = (id: string) => document.getElementById(id) as HTMLButtonElement
  const until = async (what: string, holds: () => boolean) => {
    const start = performance.now()
    while (!holds()) {
      if (performance.now() - start > 60_000) throw new Error(`${what}: ${document.body.textContent}`)
      await new Promise((done) => setTimeout(done, 5))
    }
  }
  const form = at('form') as unknown as HTMLFormElement
  const set = (name: string, value: string) => {
    ;(form.elements.namedItem(name) as HTMLInputElement).value = value
  }
  await until('load', () => !at('go').disabled)
  const loadingHidden = at('loading').hidden
  set('prompt', prompt)
  set('maxTokens', '40')
  set('temperature', '0')
  form.requestSubmit()
  await until('start', () => !at('stop').disabled)
  await until('end', () => at('stop').disabled)
  const text = at('text').textContent
  const stats = at('stats').textContent
  set('maxTokens', '400')
  form.requestSubmit()
  await until('some text', () => (at('text').textContent ?? '').length > prompt.length + 20)
  at('stop').click()
  await until('stop', () => at('stop').disabled)
  return {
    ...{ loadingHidden, text, stats },
    stopped: at('text').textContent?.length,
    error: at('error').hidden ? '' : at('error').textContent,
    name: at('name').textContent,
    variant: at('variant').textContent,
    candidates: [...document.querySelectorAll('#candidates tbody tr')].map((tr) => tr.textContent ?? ''),
    isolated: globalThis.crossOriginIsolated,
  }
}

describe.each(['chromium', 'firefox', 'webkit'] as EngineName[])('%s', (name) => {
  const missing = whyMissing(name)
  test.skipIf(missing)('prompt, text, speed, variant, stop', async () => {
    const browser = await openBrowser(name)
    const seen = await browser
      .run(site, usePage, {
        prompt: story.prompt,
      })
      .finally(() => browser.close())
    expect(seen.error).toBe('')
    expect(seen.loadingHidden).toBe(true)
    expect(seen.name).toBe('stories260K')
    const [prompt, text] = [story.prompt, seen.text ?? '']
    expect(text.length).toBeGreaterThan(prompt.length + 80)
    expect(`${prompt}${story.text}`.startsWith(text)).toBe(true)
    expect(seen.stats).toMatch(
      /^40 tokens, [\d.]+ tokens\/s, first token after [\d.]+ m?s \(5 in the prompt\)$/,
    )
    expect(seen.variant).toMatch(
      name === 'webkit'
        ? /^wasm-simd128\S* on WebAssembly, loaded in [\d.]+ s/
        : /^wasm-simd128\S*-threads on WebAssembly \(threads: \d+\), loaded in [\d.]+ s/,
    )
    expect(seen.candidates.length).toBeGreaterThan(5)
    expect(seen.candidates.join('\n')).toMatch('wasm was asked for')
  })
})

/** What the doctor's page shows, before and after a try, with a switch, and when it is asked for a copy. */
async function seeDoctor({ bundle }: { bundle: boolean }, _: Page) {
  const at = (id: string) => document.getElementById(id) as HTMLButtonElement
  const until = async (what: string, holds: () => boolean) => {
    const start = performance.now()
    while (!holds()) {
      if (performance.now() - start > 60_000) throw new Error(`${what}: ${document.body.textContent}`)
      await new Promise((done) => setTimeout(done, 5))
    }
  }
  const seen = () => ({
    verdict: at('verdict').textContent,
    variants: [...document.querySelectorAll('#variants li')].map((li) => `${li.className} ${li.textContent}`),
    facts: [...document.querySelectorAll('#facts tbody tr')].map((tr) => tr.textContent),
    advice: at('advice').textContent,
    error: at('error').hidden ? '' : at('error').textContent,
    report: JSON.parse(at('report').value || 'null'),
  })
  await until('report', () => !at('copy').disabled)
  if (!bundle)
    return { before: seen(), after: seen(), ran: '', hidden: at('choice').hidden && at('trial').hidden }
  await until('choice', () => !at('choice').hidden)
  const before = seen()
  for (const name of ['webgpu', 'threads']) {
    const box = document.querySelector(`#features input[name="${name}"]`) as HTMLInputElement
    box.click()
  }
  at('try').click()
  await until('try', () => !at('try').disabled)
  return { before, after: seen(), ran: at('ran').textContent, hidden: false }
}

describe.each(['chromium', 'firefox', 'webkit'] as EngineName[])('the doctor in %s', (name) => {
  const missing = whyMissing(name)
  test.skipIf(missing)('report, choice, switches, a few tokens; and without a bundle', async () => {
    const browser = await openBrowser(name)
    try {
      const { before, after, ran } = await browser.run(doctor, seeDoctor, { bundle: true })
      expect([before.error, after.error]).toEqual(['', ''])
      expect(before.verdict).toMatch(/^stories260K runs here: wasm-/)
      expect(before.variants[0]).toMatch(/^taken wasm-\S+: taken: runs on the processor, uses simd128/)
      expect(before.variants.length).toBeGreaterThan(10)
      expect(before.facts.join('\n')).toMatch(name === 'webkit' ? /WebGPUnone/ : /software, told by/)
      expect(before.report.report).toMatchObject({ format: 1, secure: true, wasmCompiles: true })
      expect(after.verdict).toMatch(/^stories260K runs here: wasm-simd128(-relaxed-simd)?$/)
      expect(after.variants.join('\n')).toMatch(/WebGPU is switched off/)
      expect(after.report.ran.variant).toMatch(/^wasm-simd128(-relaxed-simd)?$/)
      expect(`${story.prompt}${story.text}`.startsWith(/“(.*)”$/s.exec(ran ?? '')?.[1] ?? 'nothing')).toBe(
        true,
      )
      const alone = await browser.run(bareDoctor, seeDoctor, { bundle: false })
      expect(alone.before.verdict).toMatch(/WebAssembly with SIMD$/)
      expect(alone.hidden).toBe(true)
      expect(alone.before.error).toBe('')
    } finally {
      await browser.close()
    }
  })
})

describe('the server', () => {
  test('without a bundle it is the doctor alone', async () => {
    const page = await fetch(bare.url)
    expect(page.url).toBe(new URL('doctor', bare.url).href)
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'wasm-unsafe-eval'/)
    expect(await page.text()).not.toMatch(/<script(?![^>]* src=)|\son\w+=|\sstyle=/)
    for (const path of [
      'bundle/manifest.json',
      'runtime/nothing.js',
      'runtime/compiler/cli/main.js',
      'runtime/..%2fpackage.json',
    ])
      expect((await fetch(new URL(path, bare.url))).status).toBe(404)
    expect((await fetch(new URL('runtime/inspect.js', bare.url))).status).toBe(200)
  })

  test('lets the page share memory, and nobody else in', async () => {
    const page = await fetch(serving.url)
    expect(page.status).toBe(200)
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    })
    const manifest = await fetch(new URL('bundle/manifest.json', serving.url))
    const { variants } = (await manifest.json()) as { variants: Record<string, { code: string }> }
    const wasm = await fetch(new URL(`bundle/${variants['wasm-simd128']!.code}`, serving.url))
    expect(wasm.headers.get('content-type')).toBe('application/wasm')
    for (const path of [
      'nothing.js',
      'bundle/nothing.bin',
      'bundle/..%2f..%2fetc%2fpasswd',
      '%2e%2e/%2e%2e/package.json',
    ])
      expect((await fetch(new URL(path, serving.url))).status).toBe(404)
  })

  test('answers to no other name', async () => {
    const { port } = new URL(serving.url)
    const asked = request({ host: '127.0.0.1', port, headers: { host: 'example.com' } }).end()
    const [response] = await once(asked, 'response')
    expect(response.statusCode).toBe(403)
    response.resume()
  })

  test('starts and stops from the command line', async () => {
    const words = [
      'dist/compiler/cli/main.js',
      'serve',
      `${folder.path}/stories`,
      '--port',
      '0',
      '--open',
      'no',
      '--json',
    ]
    const child = spawn(process.execPath, words)
    const [line] = await once(child.stdout, 'data')
    const { url, model } = JSON.parse(String(line))
    expect(model).toBe('stories260K')
    expect(await (await fetch(url)).text()).toMatch('<title>wgc</title>')
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })
})
