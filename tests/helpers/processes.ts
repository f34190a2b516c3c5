/** Child processes that can't outlive the test that started them. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'

export interface Service {
  child: ChildProcess
  /** What it has printed so far (the last 20,000 characters). */
  log(): string
  /** Kills it with all its children and waits until it is gone. */
  stop(): Promise<void>
}

/**
 * A shell holds the command in a process group of its own and ends the whole group when the command ends or
 * when its standard input closes, which happens however this process dies. Descriptor 3 is the command's.
 */
const GUARD = '("$@" </dev/null; kill -KILL 0) & exec 3>&-; cat >/dev/null; kill -KILL 0'

export function startService(command: string, args: string[], env: Record<string, string> = {}): Service {
  const child = spawn('sh', ['-c', GUARD, 'sh', command, ...args], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  let text = ''
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-20_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = new Promise<void>((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  return {
    child,
    log: () => text,
    stop: () => {
      child.stdin?.destroy()
      return gone
    },
  }
}

/** The first line that a service writes to its descriptor 3. */
export async function firstLine(service: Service, milliseconds: number): Promise<string> {
  const stream = service.child.stdio[3] as Readable
  let text = ''
  const line = new Promise<string>((done, failed) => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')))
    })
    stream.once('end', () => failed(new Error(`the process ended: ${service.log()}`)))
  })
  return within(line, milliseconds, () => `no answer from the process: ${service.log()}`)
}

/** A TCP port that is free at the moment of asking. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

/** `work`, or an error with `reason` when it takes longer. */
export async function within<T>(work: Promise<T>, milliseconds: number, reason: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`${reason()} (waited ${milliseconds / 1000} s)`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
