/** A bundle in a folder, read and checked as the runtime does: what `inspect`, `run` and `serve` start from. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkManifest, checkPlan } from '../../runtime/check.js'
import type { FileInfo, Manifest, Plan } from '../../runtime/format.js'
import { parseJson } from '../../runtime/json.js'
import { fail } from '../errors.js'
import { failIo, isMissing } from '../import/files.js'

const MANIFEST = 'manifest.json'

/** What `check` returns; the runtime's complaint about a malformed bundle names the file here. */
function checked<T>(file: string, check: () => T): T {
  try {
    return check()
  } catch (e) {
    if ((e as Error).name !== 'IntegrityError') throw e
    const why = (e as Error).message.replace(/^malformed bundle: /, '')
    return fail('WGC621', [why], { place: { file }, cause: e })
  }
}

/** The manifest of a folder. Throws WGC203, WGC620 (no bundle there) or WGC621 (malformed). */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST)
  const content = await readFile(path).catch(async (e: unknown) => {
    if (!isMissing(e)) return failIo(path, e, '')
    const found = await readdir(folder).catch((e: unknown) =>
      failIo(folder, e, 'give the folder that wgc build wrote (its --out)'),
    )
    return fail('WGC620', [found.slice(0, 4)], { place: { file: folder }, cause: e })
  })
  return checked(path, () => checkManifest(parseJson(content, MANIFEST)))
}

/** The plan of a variant. Throws WGC203 or WGC621. */
export async function readPlan(folder: string, manifest: Manifest, variant: string): Promise<Plan> {
  const v = manifest.variants[variant]!
  const path = join(folder, v.plan)
  const content = await readFile(path).catch((e: unknown) =>
    failIo(path, e, 'copy the bundle again, or build it again'),
  )
  return checked(path, () => checkPlan(parseJson(content, v.plan), manifest, v))
}

/** What is wrong with a file of the bundle, or undefined when its size and hash are the manifest's. */
export async function faultOf(folder: string, name: string, info: FileInfo): Promise<string | undefined> {
  const path = join(folder, name)
  const found = await stat(path).catch((e: unknown) => (isMissing(e) ? undefined : failIo(path, e, '')))
  if (!found?.isFile()) return `${name} is missing`
  if (found.size !== info.bytes) return `${name} has ${found.size} bytes, the manifest says ${info.bytes}`
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex') === info.sha256 ? undefined : `${name}: its SHA-256 is not the manifest's`
}
