/** WebKitGTK's MiniBrowser (Safari's engine, without WebGPU) under Xvfb, driven by WebDriver over HTTP. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine, How } from './browsers.js'
import { type Outcome, pageBody, timeoutOf, unwrap } from './browsers-page.js'
import { firstLine, freePort, type Service, startService, within } from './processes.js'

const DRIVER = '/usr/bin/WebKitWebDriver'

/** MiniBrowser lies beside the library, in a folder that names architecture and version. */
function miniBrowser(): string {
  for (const architecture of readdirSync('/usr/lib').filter((name) => name.includes('-linux-gnu'))) {
    const folder = join('/usr/lib', architecture)
    const version = readdirSync(folder).find((name) => name.startsWith('webkit2gtk-4'))
    if (version) return join(folder, version, 'MiniBrowser')
  }
  throw new Error('webkit: MiniBrowser is in no /usr/lib/*/webkit2gtk-4* (apt-get install webkit2gtk-driver)')
}

type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>

function client(port: number): Send {
  return async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
    if (!response.ok) throw new Error(`webkit: ${path}: ${value?.error}: ${value?.message}`)
    return value as never
  }
}

async function untilReady(send: Send, driver: Service): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      await send('GET', '/status')
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`webkit: no driver (${error}): ${driver.log()}`)
      await new Promise((done) => setTimeout(done, 50))
    }
  }
}

async function start(services: Service[], home: string, env: Record<string, string>) {
  // -displayfd: Xvfb takes a free display by itself and writes its number to descriptor 3.
  const screen = startService('Xvfb', ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'])
  services.push(screen)
  const display = `:${await firstLine(screen, 20_000)}`
  const port = await freePort()
  const driver = startService(DRIVER, [`--port=${port}`], {
    DISPLAY: display,
    GDK_BACKEND: 'x11',
    HOME: home,
    XDG_CACHE_HOME: home,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_RUNTIME_DIR: home,
    NO_AT_BRIDGE: '1',
    ...env,
  })
  services.push(driver)
  const send = client(port)
  await untilReady(send, driver)
  const session = await within(
    send<{ sessionId: string; capabilities: { browserVersion: string } }>('POST', '/session', {
      capabilities: {
        alwaysMatch: { 'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] } },
      },
    }),
    30_000,
    () => `webkit: no session: ${driver.log()}`,
  )
  return { send, driver, session }
}

export async function webkit({ env = {} }: How = {}): Promise<Engine> {
  const home = mkdtempSync(join(tmpdir(), 'wgc-webkit-'))
  const services: Service[] = []
  const stop = async () => {
    for (const service of services.reverse()) await service.stop()
    rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    let live = await start(services, home, env)
    const path = (rest: string) => `/session/${live.session.sessionId}${rest}`
    const open = async (url: string) => {
      // The same address again would keep the page; another one between makes it fresh.
      for (const to of ['about:blank', url])
        await within(
          live.send('POST', path('/url'), { url: to }),
          20_000,
          () => `webkit: ${to} does not open`,
        )
    }
    return {
      name: 'webkit',
      version: live.session.capabilities.browserVersion,
      async run(site, script, args, options) {
        const timeout = timeoutOf(options)
        const timeouts = () =>
          live.send('POST', path('/timeouts'), { script: timeout + 5_000, pageLoad: 15_000 })
        await timeouts()
        // On a busy machine the driver may lose a navigation, and answers nothing from then on.
        await open(site.url).catch(async (error) => {
          console.warn(`*** ${error.message}: once more, in a new browser ***`)
          for (const service of services.splice(0).reverse()) await service.stop()
          live = await start(services, home, env)
          await timeouts()
          await open(site.url)
        })
        const outcome = await within(
          live.send<Outcome>('POST', path('/execute/async'), {
            script: `const done = arguments[0];(function () { ${pageBody(script, args)} })().then(done)`,
            args: [],
          }),
          timeout,
          () => `webkit: no result: ${live.driver.log()}`,
        )
        return unwrap('webkit', outcome)
      },
      close: async () => {
        const ended = live.send('DELETE', path(''))
        await within(ended, 5_000, () => 'webkit: the session does not end').finally(stop)
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
