/** What a page downloads of WebAssembly for a llama. */
import { brotliCompressSync, constants } from 'node:zlib'
import { expect, test } from 'vitest'
import { toSource, wasmFeature } from '../../compiler/build/code.js'
import { kvOf } from '../../compiler/build/kv.js'
import { backendLimits } from '../../compiler/build/limits.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { variantsOf } from '../../compiler/build/variant-specs.js'
import { compileVariants } from '../../compiler/build/variants.js'
import { openCache } from '../../compiler/cache.js'
import { presetModel } from '../../compiler/models/preset.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import { loadTargets } from '../../compiler/targets.js'
import { wasmModule } from '../../compiler/toolchain/index.js'

const LIMIT = 60_000
const bits = ['f32', 'f16', 8, 4, 3, 2] as const

const templates = openTemplates()
const { specs } = variantsOf([...loadTargets().values()], loadTuning())
const sets = specs.filter((s) => s.backend === 'wasm')

test.each(sets.map((s) => [s.id, s] as const))(
  '%s takes at most 60 kB in brotli, whatever its weights',
  async (id, spec) => {
    const sizes: Record<string, number> = {}
    for (const b of bits) {
      const options = { bits: b, group: 64, fuse: true, binding: backendLimits.wasm.binding }
      const graphs = programGraphs(presetModel('tinyllama'), {
        ...options,
        kv: kvOf('wasm', { bits: b }),
        splitKv: true,
      })
      const { variants } = compileVariants([spec], () => graphs, templates)
      const kernels = variants[0]!.kernels.map(toSource)
      const { wasm } = await wasmModule(kernels, {
        features: wasmFeature(spec.features),
        cache: openCache(),
      })
      const params = { [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length }
      sizes[b] = brotliCompressSync(wasm, { params }).length
    }
    console.info(id, JSON.stringify(sizes))
    expect(Math.max(...Object.values(sizes))).toBeLessThan(LIMIT)
  },
  180_000,
)
