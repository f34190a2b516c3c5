/** Every job of the table of variants: row × case, where the template takes the case. */
import { ops } from '../../compiler/ops/index.js'
import { loadTemplates, type Template } from '../../compiler/specialize/index.js'
import { type Job, paramsFor } from './wgsl-jobs.js'
import { rows, type VariantRow } from './wgsl-variants.js'

export const templates = loadTemplates('kernel-templates').filter((t) => t.language === 'wgsl')

function jobsOf(template: Template, { params: variant, cases }: VariantRow): Job[] {
  return ops[template.front.op.name]!.cases.flatMap((opCase) => {
    const params = (!cases || cases.test(opCase.name)) && paramsFor(template, variant, opCase.facts)
    if (!params) return []
    const set = Object.entries(variant).map(([name, value]) => `${name}=${value}`)
    return [{ label: [template.name, ...set, opCase.name].join(' | '), template, variant, opCase, params }]
  })
}

/** `WGC_TEMPLATES=softmax,rope` runs those alone, while one works on them. */
const only = process.env.WGC_TEMPLATES?.split(',')

export function allJobs(): Job[] {
  const wanted = only ? rows.filter((row) => only.includes(row.template)) : rows
  return wanted.flatMap((row) => {
    const template = templates.find((t) => t.name === row.template)
    if (!template) throw new Error(`no template ${row.template}`)
    const jobs = jobsOf(template, row)
    if (jobs.length === 0) throw new Error(`no case for ${JSON.stringify(row)} ${row.cases}`)
    return jobs
  })
}

/** f16 changes nothing where weights are f32. */
export const needsF16 = ({ params }: Job): boolean => params.E === 'f16' && params.W !== 'f32'

/** Only a GPU has subgroup matrices, and only Dawn takes them. */
export const needsMatrix = ({ params }: Job): boolean => params.MATRIX === true

/** Sizes of matrices that a device multiplies, as Dawn's adapters tell them. */
interface MatrixInfo {
  subgroupMatrixConfigs?: Iterable<
    { componentType: string; resultComponentType: string } & Record<'M' | 'N' | 'K', number>
  >
}

/** Whether a device multiplies matrices of a job's size, and has subgroups of its size. */
export const hasMatrix = ({ params }: Job, info: GPUAdapterInfo & MatrixInfo): boolean =>
  info.subgroupMinSize === params.LANES &&
  info.subgroupMaxSize === params.LANES &&
  [...(info.subgroupMatrixConfigs ?? [])].some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === params.E &&
      resultComponentType === (params.ACC ?? 'f32') &&
      M === params.MM &&
      N === params.MN &&
      K === params.MK,
  )
