/** `generated/catalogue.ts`: every template's parameters as TypeScript types, written by ts-morph. */
import { Project, VariableDeclarationKind, Writers } from 'ts-morph'
import type { Param, Template } from '../specialize/index.js'

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** `32 | 64`, or `number` where the domain has a range. */
function paramType({ domain }: Param): string {
  return domain.some((entry) => typeof entry === 'object') ? 'number' : domain.map(literal).join(' | ')
}

/** The text of the file: deterministic, so that a stale one shows. */
export function catalogue(templates: Template[]): string {
  const project = new Project({ useInMemoryFileSystem: true })
  const file = project.createSourceFile(
    'catalogue.ts',
    '// Written by `npm run generate` from kernel-templates/. Do not edit.\n',
  )
  for (const language of ['wgsl', 'c'] as const) {
    const list = templates.filter((t) => t.language === language)
    file.addInterface({
      name: language === 'wgsl' ? 'WgslKernels' : 'CKernels',
      isExported: true,
      docs: [
        `Parameters of every ${language === 'wgsl' ? 'WGSL' : 'C'} template; those left out keep their default.`,
      ],
      properties: list.map((t) => ({
        name: t.name,
        type: Writers.objectType({
          properties: t.params.map((p) => ({
            name: p.name,
            hasQuestionToken: true,
            type: paramType(p),
            docs: [`Default: ${String(p.default)}`],
          })),
        }),
        docs: [t.front.doc],
      })),
    })
  }
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: ['Names of all templates.'],
    declarations: [
      {
        name: 'kernelNames',
        initializer: (writer) =>
          writer
            .inlineBlock(() => {
              for (const language of ['wgsl', 'c'] as const) {
                const names = templates.filter((t) => t.language === language).map((t) => `'${t.name}'`)
                writer.writeLine(`${language}: [${names.join(', ')}],`)
              }
            })
            .write(' as const'),
      },
    ],
  })
  file.formatText({ indentSize: 2 })
  return file.getFullText()
}
