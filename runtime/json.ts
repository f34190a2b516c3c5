/** Small files of a bundle. */
import { IntegrityError } from './errors.js'

/** Largest JSON, WGSL or wasm file that is read. */
export const MAX_CODE_BYTES = 1 << 27

/** JSON that was read from a file, whatever is in it. */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (e) {
    throw new IntegrityError(`malformed bundle: ${file} is no JSON: ${(e as Error).message}`)
  }
}
