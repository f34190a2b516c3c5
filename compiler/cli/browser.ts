/** A browser's GPU, by playwright-core: Chromium or what is made of it, with an empty page. */
import { fail } from '../errors.js'
import type { Timed } from '../tune/clock.js'
import { remoteGpu } from '../tune/remote.js'
import { serve } from '../tune/remote-page.js'
import { MEASURING } from './dawn.js'

export interface BrowserGpu {
  gpu: GPU
  timed: Timed
  /** Name and version. */
  version: string
  close(): Promise<void>
}

/** For WebGPU on every system, and clocks as fine as they are. */
const ARGS = [
  ...['--enable-unsafe-webgpu', '--enable-webgpu-developer-features', '--ignore-gpu-blocklist'],
  ...['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...MEASURING.map((flag) => `--${flag}`),
]

/** Secure, as WebGPU asks; nothing is fetched from there. */
const PAGE = 'http://localhost/'

/**
 * Starts a browser.
 * @param command its executable
 * @param more arguments
 * @throws WGC637 when playwright-core is not installed, or the browser does not start
 */
export async function openBrowser(command: string, more: readonly string[] = []): Promise<BrowserGpu> {
  try {
    const { chromium } = await import('playwright-core')
    const browser = await chromium.launch({ executablePath: command, args: [...ARGS, ...more] })
    const page = await browser.newPage()
    page.setDefaultTimeout(0)
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '' }))
    await page.goto(PAGE)
    return {
      ...remoteGpu((request) => page.evaluate(serve, request)),
      version: `${browser.browserType().name()} ${browser.version()}`,
      close: () => browser.close(),
    }
  } catch (e) {
    return fail('WGC637', [command, (e as Error).message.split('\n')[0] ?? ''], { cause: e })
  }
}
