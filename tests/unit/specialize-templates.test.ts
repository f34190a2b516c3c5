import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  expandRaw,
  loadTemplates,
  minifyWgsl,
  specialize,
  type Value,
} from '../../compiler/specialize/index.js'
import { naga } from '../../compiler/validate/naga.js'
import { tintErrors } from './specialize-tint.js'

// Names of templates are unique in a language; none is listed here, the folder is the registry.
const templates = loadTemplates(fileURLToPath(new URL('../../kernel-templates', import.meta.url)))
const wgsl = templates.filter((t) => t.language === 'wgsl')

test('every template parses, says what it is for and is specialised at its defaults', () => {
  for (const t of templates) {
    expect(t.front.doc, t.file).not.toBe('')
    expect(specialize(t).text, t.file).not.toMatch(/^\s*\/\/[#!:]/m)
  }
})

describe.runIf(wgsl.length > 0)('WGSL templates', () => {
  test.each(wgsl)('$name is WGSL as it stands', async (t) => {
    expect(await tintErrors(expandRaw(t))).toEqual([])
  })

  test.each(wgsl)('$name is WGSL at its defaults', async (t) => {
    expect(await tintErrors(specialize(t).text)).toEqual([])
  })

  test.each(wgsl)('$name stays valid when minified, whatever the parameter', async (t) => {
    const judge = await naga()
    const one = t.params.flatMap((p) => p.domain.filter((v) => typeof v !== 'object').map((v) => [p.name, v]))
    for (const [name, value] of [['none', 0], ...one] as [string, Value][]) {
      const { text } = specialize(t, name === 'none' ? {} : { [name]: value })
      const small = minifyWgsl(text)
      expect(minifyWgsl(small)).toBe(small)
      // A value may need others beside it; then the text is no WGSL before either.
      if ((await tintErrors(text)).length === 0)
        expect(await tintErrors(small), `${name} ${value}`).toEqual([])
      if (!judge(text, false).wgsl) expect(judge(small, false).wgsl, `${name} ${value}`).toBeUndefined()
    }
  })
})
