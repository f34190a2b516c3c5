/** `wgc serve`: a page that runs a bundle, on this machine. */
import { type Command, Option } from 'commander'
import { type CommonOptions, command, integer } from './command.js'
import { interruptible } from './interrupt.js'
import { print, tell } from './output.js'

interface Options extends CommonOptions {
  port?: number
  open?: 'yes' | 'no'
}

const EXAMPLES = ['wgc serve out/stories', 'wgc serve out/stories --port 9000 --open no']

export function serveCommand(): Command {
  return command('serve', 'serve a page with a prompt box that runs a bundle', EXAMPLES)
    .argument('<dir>', 'folder of the bundle')
    .option('--port <n>', 'port on 127.0.0.1  (default: 8000, or a free one)', integer(0, 65535))
    .addOption(
      new Option('--open <yes|no>', 'open the page in a browser  (default: on a terminal)').choices([
        'yes',
        'no',
      ]),
    )
    .action(run)
}

async function run(folder: string, options: Options): Promise<void> {
  const [{ readManifest }, { serveBundle }] = await Promise.all([
    import('./bundle.js'),
    import('../serve/server.js'),
  ])
  const { model } = await readManifest(folder)
  await interruptible(async (signal) => {
    const { url, close } = await serveBundle(folder, options.port)
    const stopped = new Promise<void>((done) =>
      signal.addEventListener('abort', () => done(), { once: true }),
    )
    print(options.json, { url, model: model.name }, () => [`${model.name}: ${url}  (Ctrl-C stops)`])
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
