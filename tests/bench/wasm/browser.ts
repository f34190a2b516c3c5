/** Chromium with a page for each contestant. */
import { type CDPSession, chromium, type Page } from 'playwright-core'
import type { Peer } from './rows.js'

const ARGS = [
  ...[
    '--no-sandbox',
    '--headless=new',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ],
  ...['--disable-component-update', '--disable-sync'],
  // Pages take turns; those that wait are in the background.
  ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
  '--disable-backgrounding-occluded-windows',
]

/** WebGPU; on Linux Chromium keeps it from most GPUs unless it is asked, and draws on Vulkan to compute there. */
const GPU_ARGS = [
  ...['--enable-unsafe-webgpu', '--ignore-gpu-blocklist', '--enable-features=Vulkan'],
  ...['--use-angle=vulkan', '--disable-vulkan-surface'],
]
const SOFTWARE_ARGS = [
  ...['--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'],
  '--use-webgpu-adapter=swiftshader',
]

export interface Open {
  version: string
  /** The page of a contestant at so many threads; the same one each time. */
  page(name: Contestants, threads: number): Promise<Opened>
  /** One of its own, which the caller closes. */
  fresh(name: Contestants, threads: number): Promise<Opened>
  /** Chromium's own protocol, to a page. */
  protocol(page: Page): Promise<CDPSession>
  /** Seconds of processor time so far, by the kind of process: `renderer`, `GPU` … */
  processes(): Promise<Record<string, number>>
  close(): Promise<void>
}

export interface OpenOptions {
  gpu?: boolean
  software?: boolean
  /** Chromium's file. */
  chromium?: string
  /** More of its switches. */
  flags?: readonly string[]
  /** A folder for what Chromium remembers; without one it remembers nothing. */
  profile?: string
}

type Contestants = Peer | 'ceilings' | 'variants'
type Opened = { page: Page; about: Record<string, unknown> }

/** Asked in its first second, a Chromium may have no adapter that it has later. */
async function waitForAdapter(page: Page): Promise<void> {
  const { tries, ms } = await page.evaluate(async () => {
    const began = performance.now()
    for (let tries = 1; ; tries++) {
      const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })
      const ms = performance.now() - began
      if (adapter || tries === 20) return { tries: adapter ? tries : 0, ms }
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })
  if (tries !== 1)
    console.log(
      `*** ${tries ? `an adapter at the ${tries}th question` : 'no adapter'}, after ${ms.toFixed(0)} ms ***`,
    )
}

export async function openChromium(
  url: string,
  { gpu = false, software = false, chromium: file, flags = [], profile }: OpenOptions = {},
): Promise<Open> {
  const own = gpu ? (software ? SOFTWARE_ARGS : GPU_ARGS) : []
  const launch = { executablePath: file ?? '/usr/bin/chromium', args: [...ARGS, ...own, ...flags] }
  const visits = profile === undefined ? undefined : await chromium.launchPersistentContext(profile, launch)
  const browser = visits?.browser() ?? (await chromium.launch(launch))
  const context = visits ?? browser
  const pages = new Map<string, Promise<Opened>>()
  async function open(name: string, threads: number): Promise<Opened> {
    const page = await context.newPage()
    page.setDefaultTimeout(0)
    page.on('pageerror', (e) => console.error(`${name}: ${e.message}`))
    // tfjs takes at most half of the cores that it is told of.
    if (name === 'tfjs')
      await page.addInitScript(
        (n) => Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => n }),
        2 * threads,
      )
    await page.goto(url)
    if (gpu) await waitForAdapter(page)
    const about = await page.evaluate(
      async ([file, url, threads]) => {
        const { open } = await import(file as string)
        const contest = await open(url, threads)
        Object.assign(globalThis, { contest })
        return contest.about ?? {}
      },
      [`${url}bench/tests/bench/wasm/pages/${name}.js`, url, threads] as const,
    )
    return { page, about }
  }
  return {
    version: browser.version(),
    page(name, threads) {
      const key = `${name} ${threads}`
      const known = pages.get(key) ?? open(name, threads)
      pages.set(key, known)
      return known
    },
    fresh: open,
    protocol: (page) => page.context().newCDPSession(page),
    async processes() {
      const session = await browser.newBrowserCDPSession()
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      await session.detach()
      const times: Record<string, number> = {}
      for (const { type, cpuTime } of processInfo) times[type] = (times[type] ?? 0) + cpuTime
      return times
    },
    close: () => context.close(),
  }
}
