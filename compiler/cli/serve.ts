/** `wgc serve`: a page that runs a bundle, on this machine. */
import { type Command, Option } from 'commander'
import { fail } from '../errors.js'
import { type CommonOptions, command, integer } from './command.js'
import { interruptible } from './interrupt.js'
import { print, tell } from './output.js'

interface Options extends CommonOptions {
  port?: number
  open?: 'yes' | 'no'
  doctor?: boolean
}

const EXAMPLES = [
  'wgc serve out/stories',
  'wgc serve out/stories --port 9000 --open no',
  'wgc serve --doctor',
]

export function serveCommand(): Command {
  return command('serve', 'serve a page with a prompt box that runs a bundle', EXAMPLES)
    .argument('[dir]', 'folder of the bundle; --doctor needs none')
    .option('--port <n>', 'port on 127.0.0.1  (default: 8000, or a free one)', integer(0, 65535))
    .option('--doctor', 'open the page that says what runs in a browser, and why (/doctor)')
    .addOption(
      new Option('--open <yes|no>', 'open the page in a browser  (default: on a terminal)').choices([
        'yes',
        'no',
      ]),
    )
    .action(run)
}

const NEEDED = ["missing required argument 'dir'", undefined, 'wgc serve --help'] as const

async function run(folder: string | undefined, options: Options): Promise<void> {
  if (folder === undefined && !options.doctor) fail('WGC104', [...NEEDED])
  const [{ readManifest }, { serveBundle }] = await Promise.all([
    import('./bundle.js'),
    import('../serve/server.js'),
  ])
  const model = folder === undefined ? undefined : (await readManifest(folder)).model
  await interruptible(async (signal) => {
    const { url: root, close } = await serveBundle(folder, options.port)
    const url = options.doctor ? `${root}doctor` : root
    const title = model?.name ?? 'what runs in this browser'
    const stopped = new Promise<void>((done) =>
      signal.addEventListener('abort', () => done(), { once: true }),
    )
    print(options.json, { url, ...(model && { model: model.name }) }, () => [
      `${title}: ${url}  (Ctrl-C stops)`,
    ])
    if (options.open === 'yes' || (options.open === undefined && !options.json && process.stdout.isTTY))
      await openBrowser(url)
    await stopped
    await close()
  })
}

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

async function openBrowser(url: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const [program = 'xdg-open', ...args] = OPENERS[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', () => tell(`wgc: no browser could be opened; open ${url} yourself`))
  child.unref()
}
