/** Chromium with a page for each contestant. */
import { chromium, type Page } from 'playwright-core'
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

/** WebGPU; on Linux Chromium keeps it from most GPUs unless it is asked. */
const GPU_ARGS = ['--enable-unsafe-webgpu', '--enable-features=Vulkan']
const SOFTWARE_ARGS = [
  ...['--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'],
  '--use-webgpu-adapter=swiftshader',
]

export interface Open {
  version: string
  /** The page of a contestant at so many threads; the same one each time. */
  page(name: Peer | 'ceilings', threads: number): Promise<{ page: Page; about: Record<string, unknown> }>
  close(): Promise<void>
}

export async function openChromium(
  url: string,
  { gpu = false, software = false }: { gpu?: boolean; software?: boolean } = {},
): Promise<Open> {
  const own = gpu ? (software ? SOFTWARE_ARGS : GPU_ARGS) : []
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...ARGS, ...own] })
  const pages = new Map<string, Promise<{ page: Page; about: Record<string, unknown> }>>()
  async function open(name: string, threads: number) {
    const page = await browser.newPage()
    page.setDefaultTimeout(0)
    page.on('pageerror', (e) => console.error(`${name}: ${e.message}`))
    // tfjs takes at most half of the cores that it is told of.
    if (name === 'tfjs')
      await page.addInitScript(
        (n) => Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => n }),
        2 * threads,
      )
    await page.goto(url)
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
    close: () => browser.close(),
  }
}
