import { beforeAll, describe, expect, it } from 'vitest'
import { behavesLikeAModel } from '../helpers/runtime-behaviour.js'
import { type Bundle, compileTinyModule, tinyBundle, tinyModule } from '../helpers/tiny-bundle.js'

describe('the runtime on WebAssembly', () => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await tinyBundle()
  })
  behavesLikeAModel(() => ({ bundle, options: { gpu: null } }))
})

it('is tested with the module that the C source gives', async () => {
  expect(Buffer.from(await compileTinyModule()).equals(tinyModule)).toBe(true)
})
