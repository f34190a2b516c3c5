/**
 * How fast GGUF blocks are read: MB of the file a second and million weights a second, to float32 and to wgc's own
 * integers, by the time that the processor spent on it, so that others' work counts less. `node tests/run.mjs tests/bench/gguf.ts`
 */
import { codesOf, decodeBlocks } from '../../compiler/import/gguf/decode.js'
import { ggmlTypes } from '../../compiler/import/gguf/types.js'

const K = 4096
const ROWS = 512
const TURNS = 7

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!

function time(run: () => unknown): number {
  run()
  return median(
    Array.from({ length: TURNS }, () => {
      const start = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(start)
      return (user + system) / 1e6
    }),
  )
}

for (const type of Object.values(ggmlTypes)) {
  if (!type.read) continue
  const bytes = new Uint8Array(((K * ROWS) / type.block) * type.bytes)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 13
  const show = (what: string, seconds: number) =>
    `${what} ${(bytes.length / seconds / 1e6).toFixed(0).padStart(5)} MB/s ${((K * ROWS) / seconds / 1e6).toFixed(0).padStart(5)} M/s`
  const parts = [
    show(
      'values',
      time(() => decodeBlocks(bytes, type)),
    ),
  ]
  if (type.read !== 'float' && type.kept?.how !== 'requantised')
    parts.push(
      show(
        'integers',
        time(() => codesOf(bytes, type, K)),
      ),
    )
  console.log(type.name.padEnd(8), parts.join('   '))
}
