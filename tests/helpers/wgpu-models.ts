/** Models on wgpu: Deno runs this beside the tests (`wgpu.ts`), a line of JSON a call. */
import { load } from '../../runtime/index.js'
import { type Call, fromWire, type Reply, toWire } from './wgpu-wire.js'

declare const Deno: {
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>
  stdin: { readable: ReadableStream<BufferSource> }
  stdout: { writeSync(data: Uint8Array): number }
  exit(code: number): never
}

const models = new Map<number, Awaited<ReturnType<typeof load>>>()

async function answer(call: Call): Promise<Reply> {
  if (call.do === 'load') {
    const source = { read: (file: string) => Deno.readFile(`${call.folder}/${file}`) }
    const model = await load(source, { backend: 'webgpu', tokenizer: false })
    models.set(call.model, model)
    return { flow: model.flow }
  }
  const model = models.get(call.model)!
  if (call.do === 'run') {
    const options = call.outputs ? { outputs: call.outputs } : {}
    return { tensors: toWire(await model.run(fromWire(call.inputs), options)) }
  }
  if (call.do === 'generate') {
    const ids: number[] = []
    const options = call.inputs ? { ...call.options, inputs: fromWire(call.inputs) } : call.options
    for await (const id of model.generateIds(call.prompt, options)) ids.push(id)
    return { ids, stats: model.stats }
  }
  model.destroy()
  models.delete(call.model)
  return {}
}

/** Whole, however much a pipe takes at a time. */
function say(reply: Reply): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(reply)}\n`)
  for (let at = 0; at < bytes.length; ) at += Deno.stdout.writeSync(bytes.subarray(at))
}

let rest = ''
for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split('\n')
  rest = lines.pop()!
  for (const line of lines)
    say(await answer(JSON.parse(line)).catch((error) => ({ error: String(error?.stack ?? error) })))
}
Deno.exit(0)
