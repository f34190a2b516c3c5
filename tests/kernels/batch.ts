/**
 * Runs a batch of dispatches on any WebGPU device, in one submit: for Node (Dawn) and Deno (wgpu), so it
 * imports nothing. All data lies in three buffers, as in the runtime: `read` (weights), `write` (everything
 * else) and `uniform`.
 */

type BufferName = 'read' | 'write' | 'uniform'

export interface Batch {
  kernels: { code: string; bindings: [number: number, kind: 'r' | 'w' | 'u'][] }[]
  dispatches: {
    kernel: number
    bind: [binding: number, buffer: BufferName, offset: number, bytes: number][]
    grid: [number, number, number]
  }[]
  read: Uint8Array
  write: Uint8Array
  uniform: Uint8Array
}

const TYPES = { r: 'read-only-storage', w: 'storage', u: 'uniform' } as const
// Values of the WebGPU constants, which Node knows under other names than Deno.
const STORAGE = 0x80
const UNIFORM = 0x40
const COPY_SRC = 0x4
const COPY_DST = 0x8
const MAP_READ = 0x1
const COMPUTE = 0x4

function upload(device: GPUDevice, data: Uint8Array, usage: number): GPUBuffer {
  const size = Math.max(data.byteLength, 256)
  const buffer = device.createBuffer({ size, usage: usage | COPY_DST | COPY_SRC })
  device.queue.writeBuffer(buffer, 0, data as Uint8Array<ArrayBuffer>)
  return buffer
}

/** A pipeline and its bind group layout; errors show the kernel's text. */
async function pipelineOf(device: GPUDevice, { code, bindings }: Batch['kernels'][number]) {
  const layout = device.createBindGroupLayout({
    entries: bindings.map(([binding, kind]) => ({
      binding,
      visibility: COMPUTE,
      buffer: { type: TYPES[kind] },
    })),
  })
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    })
    return { pipeline, layout }
  } catch (cause) {
    throw new Error(`${cause}\n${code}`, { cause })
  }
}

/** What the `write` buffer holds after all dispatches. */
export async function runBatch(device: GPUDevice, batch: Batch): Promise<Uint8Array> {
  device.pushErrorScope('validation')
  const made = await Promise.all(batch.kernels.map((kernel) => pipelineOf(device, kernel)))
  const buffers = {
    read: upload(device, batch.read, STORAGE),
    write: upload(device, batch.write, STORAGE),
    uniform: upload(device, batch.uniform, UNIFORM),
  }
  const size = batch.write.byteLength
  const result = device.createBuffer({ size, usage: MAP_READ | COPY_DST })
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  for (const { kernel, bind, grid } of batch.dispatches) {
    const { pipeline, layout } = made[kernel]!
    const entries = bind.map(([binding, name, offset, bytes]) => ({
      binding,
      resource: { buffer: buffers[name], offset, size: bytes },
    }))
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, device.createBindGroup({ layout, entries }))
    pass.dispatchWorkgroups(...grid)
  }
  pass.end()
  encoder.copyBufferToBuffer(buffers.write, 0, result, 0, size)
  device.queue.submit([encoder.finish()])
  const error = await device.popErrorScope()
  if (error) throw new Error(error.message)
  await result.mapAsync(MAP_READ)
  const out = new Uint8Array(result.getMappedRange()).slice()
  for (const buffer of [...Object.values(buffers), result]) buffer.destroy()
  return out
}
