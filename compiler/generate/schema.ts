/** `generated/manifest.schema.json`: JSON Schema of a bundle's manifest, from the types in `runtime/format.ts`. */
import { join } from 'node:path'
import { packageRoot } from '../root.js'

/** A development tool makes it: it is not among the dependencies of those who use wgc. */
export async function manifestSchema(): Promise<string> {
  const { createGenerator } = await import('ts-json-schema-generator')
  const generator = createGenerator({
    path: join(packageRoot(), 'runtime', 'format.ts'),
    type: 'Manifest',
    tsconfig: join(packageRoot(), 'tsconfig.json'),
    skipTypeCheck: true,
    sortProps: true,
  })
  return `${JSON.stringify(generator.createSchema('Manifest'), null, 1)}\n`
}
