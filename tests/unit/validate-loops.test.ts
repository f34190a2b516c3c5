/** Which loops an engine guards, and that no kernel has one guarded that need not be. */
import { expect, test } from 'vitest'
import { libraryKernels } from '../../compiler/select/library.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import { specialize } from '../../compiler/specialize/index.js'
import { engineNamed } from '../../compiler/targets.js'
import { guardedLoops, loopsOf, shortLoops } from '../../compiler/validate/loops.js'
import { readModule } from '../../compiler/validate/module.js'

const inMain = (body: string) =>
  loopsOf(readModule(`const N: u32 = 6u;\nconst I = 3;\nfn main() { ${body} }`))

const rows: [head: string, counted: boolean, turns?: number][] = [
  ['for (var i = 0u; i < N; i++) {}', true, 6],
  ['for (var i = 0u; i < N; i += 1u) {}', true, 6],
  ['for (var i: u32 = 2u; i <= N / 2u; i++) {}', true, 2],
  ['for (var i = I; i > 0; i--) {}', true, 3],
  ['for (var i = I; i >= 0; i -= 1) {}', true, 4],
  ['for (var i = N; i < 2u; i++) {}', true, 0],
  ['for (var i = 0u; i < N; i += 2u) {}', false, 3],
  ['for (var i = 0u; i < N && x[i] > 0.0; i++) {}', true],
  ['for (var i = start; i < N; i++) {}', true],
  ['for (var i = 0u; i < count; i++) {}', false],
  ['for (var i = 1u; i < N; i *= 2u) {}', false],
  ['for (; i < N; i++) {}', false],
  ['while (x < 3) {}', false],
  ['loop { break; }', false],
]
test.each(rows)('%s', (body, counted, turns) => {
  const [loop] = inMain(body)
  expect([loop?.counted, loop?.turns]).toEqual([counted, turns])
})

test('engines guard as their files say', () => {
  const loops = inMain('for (var i = 0u; i < 3u; i++) { for (var j = i; j < n; j++) {} }')
  const of = (name: 'chromium' | 'gecko' | 'webkit') => {
    const engine = engineNamed(name)
    return [guardedLoops(loops, engine).length, shortLoops(loops, engine).length]
  }
  expect([of('chromium'), of('gecko'), of('webkit')]).toEqual([
    [1, 0],
    [2, 1],
    [2, 1],
  ])
})

test('no kernel has a loop of constant bounds that steps in another way than by one', () => {
  const templates = openTemplates()
  const wrong = [[], ['shader-f16', 'subgroups', 'packed_4x8_integer_dot_product']].flatMap((features) =>
    libraryKernels(templates.heads, { language: 'wgsl', features, tuning: loadTuning() }).flatMap(
      ({ choice }) => {
        const { text } = specialize(templates.whole(choice.template), choice.params)
        const needless = loopsOf(readModule(text)).filter((l) => !l.counted && l.turns !== undefined)
        return needless.map((l) => `${choice.template.name}: ${text.slice(l.at, text.indexOf('\n', l.at))}`)
      },
    ),
  )
  expect([...new Set(wrong)]).toEqual([])
})
