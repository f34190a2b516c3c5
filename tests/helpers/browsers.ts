/**
 * Real JavaScript engines behind one small interface: a test hands a function to `run` and gets its JSON back,
 * whether the function ran in a page of Chromium, Firefox or WebKitGTK, or in a Node or Deno process.
 */
import { existsSync } from 'node:fs'
import { chromium, firefox } from './browsers-driven.js'
import { deno, node } from './browsers-scripts.js'
import { webkit } from './browsers-webkit.js'
import type { Site } from './server.js'

export type EngineName = 'chromium' | 'firefox' | 'webkit' | 'node' | 'deno'

/** What a function under test gets besides its arguments. */
export interface Page {
  /** The site's address, ends with a slash. `new URL('bundle/', page.url)` is a mounted folder. */
  url: string
  /** Imports a module of the site, `/dist/runtime.js`: by HTTP in browsers, from the folder in Node and Deno. */
  import<Module>(path: string): Promise<Module>
}

/**
 * Runs elsewhere from its source text: it may use its arguments alone, no import and no variable of the test.
 * Its result must survive JSON.
 */
export type Script<Args, Result> = (args: Args, page: Page) => Promise<Result>

export interface RunOptions {
  /** Milliseconds, 120,000 if absent. */
  timeout?: number
  /** Goes on beside the script, with the driver's own page: playwright's in Chromium, puppeteer's in Firefox. */
  beside?: (page: unknown) => Promise<void>
}

export interface Engine {
  name: EngineName
  version: string
  run<Args, Result>(
    site: Site,
    script: Script<Args, Result>,
    args: Args,
    options?: RunOptions,
  ): Promise<Result>
  close(): Promise<void>
}

/** An engine as it is not by default: with what its own switches take away or bring. */
export interface How {
  /** Arguments of the command: Chromium's, Node's, Deno's. */
  args?: string[]
  /** Chromium: `false` leaves out the arguments that bring WebGPU. */
  gpu?: boolean
  /** Firefox's. */
  preferences?: Record<string, boolean | number | string>
  /** WebKit's and Node's. */
  env?: Record<string, string>
}

interface Driver {
  /** Files that must be there, and the Debian packages that bring them. */
  needs: string[]
  packages: string
  open(how?: How): Promise<Engine>
}

const DRIVERS: Record<EngineName, Driver> = {
  chromium: { needs: ['/usr/bin/chromium'], packages: 'chromium', open: chromium },
  firefox: {
    needs: ['/usr/bin/firefox-esr', '/usr/bin/setpriv'],
    packages: 'firefox-esr mesa-vulkan-drivers util-linux',
    open: firefox,
  },
  webkit: {
    needs: ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb'],
    packages: 'webkit2gtk-driver xvfb',
    open: webkit,
  },
  node: { needs: [], packages: '', open: node },
  deno: { needs: ['node_modules/.bin/deno'], packages: '', open: deno },
}

export const ENGINES = Object.keys(DRIVERS) as EngineName[]

const told = new Set<EngineName>()

/** Why an engine can't be tested here, said aloud once; undefined when it can. */
export function whyMissing(name: EngineName): string | undefined {
  const driver = DRIVERS[name]
  const absent = driver.needs.filter((path) => !existsSync(path))
  if (absent.length === 0) return undefined
  const cure = driver.packages ? `apt-get install ${driver.packages}` : 'npm ci'
  const reason = `${name} is NOT TESTED: ${absent.join(', ')} not found (${cure})`
  if (!told.has(name)) console.warn(`\n*** ${reason} ***\n`)
  told.add(name)
  return reason
}

/** Starts an engine. Slow (0.6 to 3 s): once a test file, and close it in `afterAll`. */
export function openBrowser(name: EngineName, how?: How): Promise<Engine> {
  return DRIVERS[name].open(how)
}
