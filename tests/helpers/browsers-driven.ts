/**
 * Chromium with WebGPU on SwiftShader (playwright-core), and Firefox ESR with WebGPU on Mesa's lavapipe
 * (puppeteer-core, because playwright can't drive a stock Firefox).
 */
import { fileURLToPath } from 'node:url'
import { chromium as playwright } from 'playwright-core'
import { launch } from 'puppeteer-core'
import type { Engine, EngineName, How } from './browsers.js'
import { type Outcome, pageBody, timeoutOf, unwrap } from './browsers-page.js'
import { within } from './processes.js'

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const WEBGPU_ARGS = [
  '--enable-unsafe-webgpu',
  '--enable-unsafe-swiftshader',
  '--use-webgpu-adapter=swiftshader',
]

const FIREFOX = fileURLToPath(new URL('./firefox.sh', import.meta.url))

const FIREFOX_PREFERENCES = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'dom.webgpu.workers.enabled': true,
}

/** What playwright's and puppeteer's pages have in common. */
interface DrivenPage {
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): unknown
  on(event: 'pageerror', listener: (error: unknown) => void): unknown
  goto(url: string): Promise<unknown>
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

interface Driven {
  version: string
  newPage(): Promise<DrivenPage>
  close(): Promise<void>
}

const LOUD = new Set(['warn', 'warning', 'error', 'assert'])

/** A fresh page for every run, so that no run sees another's modules, devices or workers. */
function engine(name: EngineName, browser: Driven): Engine {
  return {
    name,
    version: browser.version,
    async run(site, script, args, options) {
      const page = await browser.newPage()
      const heard: string[] = []
      page.on('console', (message) => {
        if (LOUD.has(message.type())) heard.push(`${message.type()}: ${message.text()}`)
      })
      page.on('pageerror', (error) => {
        heard.push(`uncaught: ${error instanceof Error ? error.message : error}`)
      })
      try {
        await page.goto(site.url)
        const work = page.evaluate(`(async () => { ${pageBody(script, args)} })()`) as Promise<Outcome>
        options?.beside?.(page).catch((e) => heard.push(`beside: ${e}`))
        const outcome = await within(work, timeoutOf(options), () =>
          [`${name}: no result`, ...heard].join('\n  '),
        )
        return unwrap(name, outcome, heard)
      } finally {
        await within(page.close(), 10_000, () => `${name}: the page does not close`)
      }
    },
    close: () => browser.close(),
  }
}

export async function chromium({ args = [], gpu = true }: How = {}): Promise<Engine> {
  const browser = await playwright.launch({
    executablePath: '/usr/bin/chromium',
    args: [...CHROMIUM_ARGS, ...(gpu ? WEBGPU_ARGS : []), ...args],
    timeout: 60_000,
  })
  return engine('chromium', {
    version: browser.version(),
    newPage: () => browser.newPage(),
    close: () => browser.close(),
  })
}

export async function firefox({ preferences = {} }: How = {}): Promise<Engine> {
  const browser = await launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    extraPrefsFirefox: { ...FIREFOX_PREFERENCES, ...preferences },
    headless: true,
    timeout: 60_000,
    // `timeout` of a run is shorter, and its message says what the page said.
    protocolTimeout: 3_600_000,
  })
  return engine('firefox', {
    version: (await browser.version()).replace(/^firefox\//, ''),
    // Same shape; puppeteer's generic `on` hides it from the type checker.
    newPage: () => browser.newPage() as Promise<unknown> as Promise<DrivenPage>,
    close: () => browser.close(),
  })
}
