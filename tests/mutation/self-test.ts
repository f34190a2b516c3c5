/**
 * How much the self-test notices of wrong arithmetic in WebAssembly: each mutant has one vector operation changed
 * (add, subtract, multiply). `node tests/run.mjs tests/mutation/self-test.ts FOLDER [COUNT]`, FOLDER a bundle of a
 * decoder. A mutant counts when it moves the logits of a short prompt; the share of those that the test refuses.
 */
import { stepOf } from '../../runtime/executor.js'
import { benchOf, judge, manifestOf, openBench } from '../helpers/self-test.js'

const [folder = '', most = '60'] = process.argv.slice(2)
const bench = benchOf(folder, manifestOf(folder).variants['wasm-simd128']!)
const PROMPT = 12

/** f32x4.add, .sub, .mul, each by what it becomes; and f32x4.max by min. */
const OPERATIONS = new Map([
  [0xe4, 0xe5],
  [0xe5, 0xe4],
  [0xe6, 0xe4],
  [0xe9, 0xe8],
])
const places = [...bench.code.keys()].filter(
  (i) => bench.code[i] === 0xfd && OPERATIONS.has(bench.code[i + 1]!) && bench.code[i + 2] === 1,
)

async function logitsOf(code: Uint8Array): Promise<{ logits: Float32Array; wrong: string[] }> {
  const executor = await openBench(folder, bench, undefined, code)
  const { wrong } = await judge(bench, executor, ['prefill', 'decode', 'forward'])
  const { inputs, outputs } = bench.plan.programs.forward!
  const ids = Uint32Array.from({ length: PROMPT }, (_, i) => (i * 37) % 500)
  const [buffer, offset] = inputs[0]!.region
  executor.write('forward', buffer, offset, new Uint8Array(ids.buffer))
  const [at, from, bytes] = outputs[0]!.region
  const width = Number(outputs[0]!.shape.at(-1))
  const wanted = [at, from, Math.min(bytes, PROMPT * width * 4)] as [number, number, number]
  const [found] = await executor.run('forward', stepOf(PROMPT, 0), [wanted])
  executor.destroy()
  return { logits: new Float32Array(found!.buffer.slice(0)), wrong }
}

const sound = await logitsOf(bench.code)
if (sound.wrong.length > 0) throw new Error(sound.wrong.join('\n'))
let [moved, found, unmoved] = [0, 0, 0]
for (let i = 0; i < Number(most); i++) {
  const place = places[Math.floor(((i * 0.6180339887) % 1) * places.length)]!
  const code = bench.code.slice()
  code[place + 1] = OPERATIONS.get(code[place + 1]!)!
  const { logits, wrong } = await logitsOf(code)
  const off = logits.reduce((max, x, j) => Math.max(max, Math.abs(x - sound.logits[j]!) || 0), 0)
  const bad = off > 1e-3 || logits.some(Number.isNaN)
  if (bad) moved++
  else unmoved++
  if (bad && wrong.length > 0) found++
  if (bad && wrong.length === 0) console.log(`not noticed: byte ${place}, logits off by ${off}`)
}
console.log(`${found} of ${moved} mutants that move logits are refused; ${unmoved} of ${most} move none`)
