/**
 * The templates as selection needs them: what their front matter and parameters say. The rest of a template is
 * read only when a kernel must be made of it, so that a build that finds its kernels in the cache parses none.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { type Cache, cacheKey } from '../cache.js'
import { fail } from '../errors.js'
import { packageRoot } from '../root.js'
import { loadTemplates, type Template } from '../specialize/index.js'

export type TemplateHead = Pick<Template, 'file' | 'language' | 'name' | 'front' | 'params'>

export interface Templates {
  heads: TemplateHead[]
  /** Of every file's content. */
  digest: string
  /** The template that a head is of. */
  whole(head: TemplateHead): Template
}

/** Raised when the parsed form changes. */
const REVISION = 2

export function openTemplates(cache?: Cache, root = join(packageRoot(), 'kernel-templates')): Templates {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((f) => /\.(wgsl|c|h)$/.test(f))
    .sort()
  const digest = cacheKey(
    'templates',
    REVISION,
    process.version,
    root,
    ...files.flatMap((f) => [f, readFileSync(join(root, f))]),
  )
  let loaded: Template[] | undefined
  const all = () => {
    loaded ??= loadTemplates(root)
    return loaded
  }
  const known = cache?.get(digest)
  const heads: TemplateHead[] = known
    ? deserialize(known)
    : all().map(({ file, language, name, front, params }) => ({ file, language, name, front, params }))
  if (!known) cache?.put(digest, serialize(heads))
  return {
    heads,
    digest,
    whole: (head) =>
      all().find((t) => t.file === head.file) ?? fail('WGC901', [`template ${head.file} is gone`]),
  }
}
