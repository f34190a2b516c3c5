/** What a device decides of kernels' parameters, and what it is called in a tuned table. */
import type { TemplateHead } from '../select/templates.js'
import type { Params } from '../select/types.js'

/** Sizes of matrices that a device multiplies, as one engine's adapters tell them. */
interface MatrixConfig {
  componentType: string
  resultComponentType: string
  M: number
  N: number
  K: number
}

export type AdapterInfo = GPUAdapterInfo & {
  subgroupMatrixConfigs?: Iterable<MatrixConfig>
  driver?: string
}

/** What people call a device. wgpu gives a number where others give a name, and the name as a description. */
export const deviceName = ({ device, description, vendor, architecture }: GPUAdapterInfo): string =>
  (/^(0x[\da-f]+|\d*)$/i.test(device) ? '' : device) || description || `${vendor} ${architecture}`

/** Those of halves, summed in floats. */
const configsOf = ({ subgroupMatrixConfigs: configs }: AdapterInfo): MatrixConfig[] =>
  [...(configs ?? [])].filter((c) => c.componentType === 'f16' && c.resultComponentType === 'f32')

/** Whether a device multiplies matrices as kernels do: subgroups of one size, halves summed in floats. */
export const multipliesMatrices = (info: AdapterInfo): boolean =>
  configsOf(info).length > 0 && info.subgroupMinSize === info.subgroupMaxSize

/**
 * Parameters of a template that must be what the device has. Where it multiplies matrices of several sizes, those in
 * which they differ are left to the search: the largest are not always the fastest.
 */
export function deviceParams(info: AdapterInfo): (head: TemplateHead) => Params {
  const configs = configsOf(info)
  const same = (name: 'M' | 'N' | 'K'): Params =>
    new Set(configs.map((c) => c[name])).size === 1 ? { [`M${name}`]: configs[0]![name] } : {}
  return ({ params }) => {
    if (configs.length === 0 || !params.some((p) => p.name === 'MATRIX')) return {}
    return { ...same('M'), ...same('N'), ...same('K'), ACC: 'f32', LANES: info.subgroupMaxSize }
  }
}
