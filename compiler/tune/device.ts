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
  (/^\d*$/.test(device) ? '' : device) || description || `${vendor} ${architecture}`

/** Halves, summed in floats. */
const configOf = ({ subgroupMatrixConfigs: configs }: AdapterInfo): MatrixConfig | undefined =>
  [...(configs ?? [])]
    .filter((c) => c.componentType === 'f16' && c.resultComponentType === 'f32')
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)[0]

/** Whether a device multiplies matrices as kernels do: subgroups of one size, halves summed in floats. */
export const multipliesMatrices = (info: AdapterInfo): boolean =>
  configOf(info) !== undefined && info.subgroupMinSize === info.subgroupMaxSize

/** Parameters of a template that must be what the device has. */
export function deviceParams(info: AdapterInfo): (head: TemplateHead) => Params {
  const config = configOf(info)
  return ({ params }) => {
    if (!config || !params.some((p) => p.name === 'MATRIX')) return {}
    return { MM: config.M, MN: config.N, MK: config.K, ACC: 'f32', LANES: info.subgroupMaxSize }
  }
}
