/**
 * Places every temporary and output of a program in one arena, by liveness: two tensors may share bytes when no
 * operator needs both. Greedy by size (Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net
 * Inference"): the largest tensor first, each at the lowest offset that is free while it lives.
 */
import type { Graph, TensorKind } from '../ir/graph.js'

/** WebGPU's largest minStorageBufferOffsetAlignment. */
export const ALIGNMENT = 256

export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

export interface Placement {
  tensor: string
  offset: number
  bytes: number
  /** First and last operator that touches it. */
  from: number
  to: number
}

export interface Arena {
  bytes: number
  /** What the tensors would take without sharing. */
  unshared: number
  placements: Map<string, Placement>
}

const IN_ARENA: ReadonlySet<TensorKind | undefined> = new Set(['input', 'temp', 'output'] as const)

/** When each tensor lives: from the operator that makes it (inputs: from the start) to the last that reads it. */
function lifetimes(graph: Graph, bytesOf: (tensor: string) => number): Placement[] {
  const lives = new Map<string, Placement>()
  const end = graph.nodes.length
  graph.nodes.forEach((node, at) => {
    for (const tensor of [...Object.values(node.inputs), ...Object.values(node.outputs)]) {
      const kind = graph.tensors.get(tensor)?.kind
      if (!IN_ARENA.has(kind)) continue
      const from = kind === 'input' ? 0 : at
      const life = lives.get(tensor) ?? { tensor, offset: 0, bytes: bytesOf(tensor), from, to: at }
      lives.set(tensor, { ...life, to: kind === 'output' ? end : at })
    }
  })
  return [...lives.values()]
}

/** The lowest offset at which `bytes` fit between the neighbours, which are sorted by offset. */
function lowestGap(neighbours: Placement[], bytes: number): number {
  let offset = 0
  for (const n of neighbours) {
    if (offset + bytes <= n.offset) return offset
    offset = Math.max(offset, align(n.offset + n.bytes))
  }
  return offset
}

export function planMemory(graph: Graph, bytesOf: (tensor: string) => number): Arena {
  const lives = lifetimes(graph, bytesOf)
  // By size, then by birth: the order must not depend on anything that may vary from run to run.
  const order = [...lives].sort(
    (a, b) => b.bytes - a.bytes || a.from - b.from || (a.tensor < b.tensor ? -1 : 1),
  )
  const placed: Placement[] = []
  for (const life of order) {
    const neighbours = placed
      .filter((p) => p.from <= life.to && life.from <= p.to)
      .sort((a, b) => a.offset - b.offset)
    placed.push({ ...life, offset: lowestGap(neighbours, life.bytes) })
  }
  return {
    bytes: placed.reduce((top, p) => Math.max(top, align(p.offset + p.bytes)), 0),
    unshared: placed.reduce((sum, p) => sum + align(p.bytes), 0),
    placements: new Map(placed.map((p) => [p.tensor, p])),
  }
}
