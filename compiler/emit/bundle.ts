/** Writes a bundle: files named by their content's hash, beside the output folder, and put in its place at the end. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { FileInfo, Manifest } from '../../runtime/format.js'
import { fail } from '../errors.js'

export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex')

/** `stem-<12 hex of the hash>.ext` */
export function hashedName(stem: string, extension: string, hash: string): string {
  return `${stem}-${hash.slice(0, 12)}.${extension}`
}

export interface BundleWriter {
  /** Where files are written until `finish`. */
  folder: string
  files: Record<string, FileInfo>
  /** Writes a file under its hashed name, which it returns; the same content is written once. */
  add(stem: string, extension: string, content: Uint8Array | string): Promise<string>
  /** Writes a file under a fixed name: what people open, and what is the same in every bundle. */
  addNamed(name: string, content: Uint8Array | string): Promise<string>
  /** Notes a file that is already in the folder. */
  note(name: string, info: FileInfo): void
  /** Writes the manifest and moves everything to the output folder. */
  finish(manifest: Manifest): Promise<void>
  /** Removes what was written. */
  abandon(): Promise<void>
}

/** A web app has a manifest.json too: a bundle's says which wgc wrote it, and its variants. */
function isBundle(manifest: string | undefined): boolean {
  try {
    const { wgc, variants } = JSON.parse(manifest ?? '{}')
    return typeof wgc === 'string' && typeof variants === 'object'
  } catch {
    return false
  }
}

/** An existing output is replaced only if it is a bundle or empty: a mistyped --out must not cost anybody a folder. */
async function checkReplaceable(out: string): Promise<void> {
  const there = await stat(out).catch(() => undefined)
  if (!there) return
  if (!there.isDirectory()) fail('WGC610', [out])
  const manifest = await readFile(join(out, 'manifest.json'), 'utf8').catch(() => undefined)
  if (!isBundle(manifest) && (await readdir(out)).length > 0) fail('WGC611', [out])
}

export async function openBundle(out: string): Promise<BundleWriter> {
  const target = resolve(out)
  await checkReplaceable(target)
  const folder = join(dirname(target), `.${basename(target)}-${randomBytes(4).toString('hex')}`)
  const made = await mkdir(folder, { recursive: true }).catch((cause: unknown) =>
    fail('WGC612', [out, reason(cause)], { cause }),
  )
  const files: Record<string, FileInfo> = {}
  const addNamed = async (name: string, content: Uint8Array | string) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    if (!files[name]) await writeFile(join(folder, name), bytes)
    files[name] = { bytes: bytes.length, sha256: sha256(bytes) }
    return name
  }
  return {
    folder,
    files,
    addNamed,
    add: (stem, extension, content) => addNamed(hashedName(stem, extension, sha256(content)), content),
    note: (name, info) => {
      files[name] = info
    },
    finish: async (manifest) => {
      await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
      // Two renames: for an instant there is no bundle, never half of one.
      const old = `${folder}-old`
      const replaced = await rename(target, old).then(
        () => true,
        () => false,
      )
      await rename(folder, target).catch(async (cause: unknown) => {
        if (replaced) await rename(old, target)
        return fail('WGC612', [out, reason(cause)], { cause })
      })
      if (replaced) await rm(old, { recursive: true, force: true })
    },
    // Parents that mkdir made on the way are removed too, as long as they are empty.
    abandon: async () => {
      await rm(folder, { recursive: true, force: true })
      for (let at = dirname(folder); made && at.startsWith(made); at = dirname(at))
        await rmdir(at).catch(() => undefined)
    },
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
