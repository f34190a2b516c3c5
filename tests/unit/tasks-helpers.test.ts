/** The helpers: what they ask of a model, and what they make of its answer. */
import { describe, expect, test } from 'vitest'
import { caption } from '../../runtime/tasks/caption.js'
import { classify, classifyZeroShot } from '../../runtime/tasks/classify.js'
import { detect } from '../../runtime/tasks/detect.js'
import { embed } from '../../runtime/tasks/embed.js'
import { preprocessImages } from '../../runtime/tasks/image.js'
import { countImageTokens, expandImages } from '../../runtime/tasks/image-tokens.js'
import { fixture, picture, tone } from '../helpers/task-fixtures.js'
import { drain, letters, mockModel, tensor } from '../helpers/task-model.js'

const sound = { sampleRate: 16000, data: tone(1600, 16000) }
const vit = { image_processor_type: 'ViTImageProcessor', size: { height: 4, width: 4 } }

describe('embed', () => {
  const hidden = (inputs: Record<string, { shape: number[] }>) => {
    const T = inputs.input_ids!.shape[1]!
    return {
      last_hidden_state: tensor(
        [1, T, 2],
        Array.from({ length: T * 2 }, (_, i) => i),
      ),
    }
  }

  test('pools texts and puts them at length 1', async () => {
    const model = mockModel({ takes: ['input_ids', 'attention_mask'], run: hidden })
    const [a, b] = await embed(model, ['x', 'yy'])
    // Three tokens: rows 0 1, 2 3, 4 5.
    expect(Array.from(a!)).toEqual([Math.fround(2 / Math.hypot(2, 3)), Math.fround(3 / Math.hypot(2, 3))])
    expect(Math.hypot(...b!)).toBeCloseTo(1, 6)
    expect(model.asked.runs.map((r) => Array.from(r.inputs.input_ids!.data))).toEqual([
      [0, 130, 1],
      [0, 131, 131, 1],
    ])
    expect(Object.keys(model.asked.runs[0]!.inputs)).toEqual(['input_ids', 'attention_mask'])
  })

  test.each([
    ['cls', [0, 1]],
    ['last', [4, 5]],
    ['mean', [2, 3]],
  ] as const)('pools by %s', async (pooling, want) => {
    const model = mockModel({ takes: ['input_ids'], run: hidden })
    const [v] = await embed(model, 'x', { pooling, normalize: false })
    expect(Array.from(v!)).toEqual(want)
  })

  test("takes the model's own vector first, or the one that is named", async () => {
    const run = () => ({ ...hidden({ input_ids: { shape: [1, 3] } }), pooler_output: tensor([1, 2], [3, 4]) })
    const model = mockModel({ takes: ['input_ids'], gives: ['last_hidden_state', 'pooler_output'], run })
    expect(Array.from((await embed(model, 'x'))[0]!)).toEqual([0.6, 0.8].map(Math.fround))
    const named = await embed(model, 'x', { output: 'last_hidden_state', normalize: false })
    expect(Array.from(named[0]!)).toEqual([2, 3])
    expect(model.asked.runs[1]!.outputs).toEqual(['last_hidden_state'])
  })

  test('cuts a text that is too long, but keeps its end token', async () => {
    const model = mockModel({ takes: ['input_ids'], run: hidden, info: { eos: [1], context: 5 } })
    await embed(model, 'abcdefgh', { prefix: '>' })
    const ids = Array.from('>ab', (c) => c.charCodeAt(0) + 10)
    expect(Array.from(model.asked.runs[0]!.inputs.input_ids!.data)).toEqual([0, ...ids, 1])
  })

  test('takes images and sounds too', async () => {
    const run = () => ({ image_embeds: tensor([1, 2], [0, 2]) })
    const seeing = mockModel({ takes: ['pixel_values'], run, preprocessor: vit })
    expect(Array.from((await embed(seeing, picture(9, 7)))[0]!)).toEqual([0, 1])
    expect(seeing.asked.runs[0]!.inputs.pixel_values!.shape).toEqual([1, 3, 4, 4])
    const hearing = mockModel({ takes: ['input_values'], run })
    await embed(hearing, sound)
    expect(hearing.asked.runs[0]!.inputs.input_values!.shape).toEqual([1, 1600])
  })

  test('says what it can do nothing with', async () => {
    const model = mockModel({ takes: ['pixel_values'], run: () => ({ odd: tensor([1], [1]) }) })
    await expect(embed(model, 'x')).rejects.toThrow("doesn't take such an input; it takes pixel_values")
    await expect(embed(model, picture(3, 3))).rejects.toThrow('the model gives odd')
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(embed(model, picture(3, 3), { signal })).rejects.toThrow('enough')
  })
})

describe('classify', () => {
  const model = () =>
    mockModel({
      takes: ['pixel_values'],
      preprocessor: vit,
      info: { eos: [], context: 9, labels: ['cat', 'dog', 'cow'] },
      run: () => ({ logits: tensor([1, 3], [0, Math.log(3), -100]) }),
    })

  test("gives the model's labels, likeliest first", async () => {
    const found = await classify(model(), picture(5, 5), { topK: 2 })
    expect(found.map((f) => f.label)).toEqual(['dog', 'cat'])
    expect(found[0]!.score).toBeCloseTo(0.75, 6)
  })

  test.each([
    ['sigmoid', 0.75],
    ['none', Math.log(3)],
  ] as const)('scores by %s', async (scores, want) => {
    expect((await classify(model(), picture(5, 5), { scores }))[0]!.score).toBeCloseTo(want, 6)
  })

  const clip = (takes: string[]) =>
    mockModel({
      takes: [...takes, 'input_ids', 'pixel_values'],
      gives: ['logits_per_image', 'text_embeds', 'image_embeds'],
      preprocessor: vit,
      run: ({ input_ids, attention_mask }) => {
        const [texts, T] = input_ids!.shape as [number, number]
        const count = (i: number) =>
          attention_mask
            ? Array.from(attention_mask.data.subarray(i * T, (i + 1) * T)).reduce((a, b) => a + b)
            : T
        return {
          logits_per_image: tensor(
            [1, texts],
            Array.from({ length: texts }, (_, i) => count(i)),
          ),
        }
      },
    })

  test.each([
    ['all at once', ['attention_mask'], 1],
    ['one by one, without a mask', [], 2],
  ])('compares with texts, %s', async (_, takes, runs) => {
    const model = clip(takes)
    const found = await classifyZeroShot(model, picture(5, 5), ['ox', 'horse'])
    expect(found.map((f) => f.label)).toEqual(['horse', 'ox'])
    expect(found[0]!.score).toBeCloseTo(1 / (1 + Math.exp(-3)), 5)
    expect(model.asked.runs).toHaveLength(runs)
    const [{ inputs }] = model.asked.runs as [(typeof model.asked.runs)[0]]
    const { data, shape } = inputs.input_ids!
    expect(model.tokenizer!.decode(Array.from(data.subarray(0, shape[1])))).toBe('a photo of a ox')
    expect(inputs.pixel_values!.shape).toEqual([1, 3, 4, 4])
  })

  test('compares clips', async () => {
    const model = mockModel({
      takes: ['input_ids', 'attention_mask', 'pixel_values'],
      gives: ['logits_per_video'],
      preprocessor: { image_processor_type: 'VideoMAEImageProcessor', size: 4, crop_size: 4 },
      run: () => ({ logits_per_video: tensor([1, 2], [1, 2]) }),
    })
    const found = await classifyZeroShot(model, { frames: [picture(5, 5), picture(5, 5)] }, ['a', 'b'])
    expect(found[0]!.label).toBe('b')
    expect(model.asked.runs[0]!.inputs.pixel_values!.shape).toEqual([1, 2, 3, 4, 4])
  })

  test('or by vectors, and sees the image once', async () => {
    const clap = mockModel({
      takes: ['input_ids', 'input_values'],
      gives: ['text_embeds', 'audio_embeds'],
      run: (inputs) =>
        inputs.input_values
          ? { audio_embeds: tensor([1, 2], [1, 0]) }
          : { text_embeds: tensor([1, 2], inputs.input_ids!.data.length > 6 ? [3, 4] : [4, 3]) },
    })
    const found = await classifyZeroShot(clap, sound, ['a', 'bbbb'], {
      template: '{}',
      scores: 'none',
      scale: 10,
    })
    expect(found.map((f) => [f.label, f.index])).toEqual([
      ['a', 0],
      ['bbbb', 1],
    ])
    expect(found[0]!.score).toBeCloseTo(8, 5)
    expect(clap.asked.runs.map((r) => r.outputs)).toEqual([
      ['audio_embeds'],
      ['text_embeds'],
      ['text_embeds'],
    ])
    await expect(classifyZeroShot(clap, sound, [])).rejects.toThrow(RangeError)
  })
})

test('detect gives boxes in pixels of the image as it was given', async () => {
  const model = mockModel({
    takes: ['pixel_values'],
    preprocessor: {
      image_processor_type: 'DetrImageProcessor',
      size: { shortest_edge: 8, longest_edge: 20 },
    },
    info: { eos: [], context: 1, labels: ['cat', 'dog'] },
    run: () => ({
      logits: tensor([1, 2, 3], [0, 3, 0, 9, 0, 0]),
      pred_boxes: tensor([1, 2, 4], [0.5, 0.5, 1, 1, 0.25, 0.5, 0.5, 0.5]),
    }),
  })
  const found = await detect(model, picture(40, 20))
  expect(found).toMatchObject([
    { label: 'cat', box: [0, 5, 20, 15] },
    { label: 'dog', box: [0, 0, 40, 20] },
  ])
  expect(model.asked.runs[0]!.inputs.pixel_values!.shape).toEqual([1, 3, 8, 16])
})

describe('caption', () => {
  const answer = () => [...letters().encode('A cat', { addSpecial: false }), 1]
  const base = { takes: ['pixel_values'], preprocessor: vit, answer }

  test('goes on with a prompt where there is no template', async () => {
    const model = mockModel(base)
    const { pieces, result } = await drain(caption(model, picture(5, 5), { prompt: 'a' }))
    expect([pieces.join(''), result.text]).toEqual(['A cat', 'A cat'])
    const [asked] = model.asked.generations
    expect(asked!.prompt).toEqual([0, 107, 1])
    expect(asked!.options.inputs!.pixel_values!.shape).toEqual([1, 3, 4, 4])
    expect(asked!.options.temperature).toBe(0)
  })

  test('asks where there is one, with a token for every part of the image', async () => {
    const tokenizer = letters(['<s>', '</s>', '<image>'], {
      chat_template:
        "{% for p in messages[0].content %}{{ '<image>' if p.type == 'image' else p.text }}{% endfor %}",
    })
    const model = mockModel({ ...base, tokenizer, preprocessor: { ...vit, patch_size: 2 } })
    const { result } = await drain(caption(model, picture(5, 5), { prompt: '?' }))
    expect(result.text).toBe('A cat')
    expect(model.asked.generations[0]!.prompt).toEqual([2, 2, 2, 2, 73])
  })
})

describe('tokens of an image', () => {
  const next = (w: number, h: number, extra = {}) => {
    const config = {
      ...{ image_processor_type: 'LlavaNextImageProcessor', patch_size: 2, size: 6, crop_size: 6, ...extra },
      image_grid_pinpoints: [
        [6, 12],
        [12, 6],
        [12, 12],
      ],
    }
    return countImageTokens(preprocessImages([picture(w, h)], config), 0, config)
  }

  test.each([
    // 9 of the whole, 6 rows of 6 tiles' patches and 6 ends of rows.
    ['a square', next(12, 12), 9 + 36 + 6],
    // Two tiles across, 3 rows of 6; what is padding goes, but only in pairs of rows.
    ['twice as wide', next(24, 12), 9 + 18 + 3],
    ['three times as wide', next(36, 12), 9 + 18 + 3],
    // Of 3 rows one is not padding.
    ['six times as wide', next(60, 10), 9 + 6 + 1],
    ['with its class token', next(12, 12, { vision_feature_select_strategy: 'full' }), 9 + 36 + 6 + 1],
  ])('%s', (_, got, want) => expect(got).toBe(want))

  interface Row {
    size: [number, number]
    side: number
    patch: number
    pinpoints: number[][]
    strategy: string
    next: number
    plain: number
  }
  const rows = fixture('image.json').imageTokens as Row[]
  test.each(rows)("$size in tiles of $side is as many as transformers' processors put", (row) => {
    const { size, side, patch, pinpoints, strategy, next, plain } = row
    const config = {
      patch_size: patch,
      vision_feature_select_strategy: strategy,
      image_grid_pinpoints: pinpoints,
    }
    const whole = tensor([1, 3, side, side], [])
    const tiles = {
      pixel_values: { ...whole, shape: [1, 5, 3, side, side] },
      image_sizes: tensor([1, 2], [size[1], size[0]]),
    }
    expect(countImageTokens(tiles, 0, config)).toBe(next)
    expect(countImageTokens({ pixel_values: whole }, 0, config)).toBe(plain)
  })

  test('Qwen2-VL merges', () => {
    const config = { patch_size: 2, merge_size: 2, min_pixels: 16, max_pixels: 80 }
    const inputs = preprocessImages([picture(13, 9), picture(8, 8)], config)
    const grid = Array.from(inputs.image_grid_thw!.data)
    expect(countImageTokens(inputs, 1, config)).toBe((grid[4]! * grid[5]!) / 4)
  })

  test('places and images match, or else', () => {
    const inputs = preprocessImages([picture(4, 4)], vit)
    const how = { placeholder: '<i>', count: () => 2 }
    expect(expandImages('a<i>b', inputs, 1, how)).toBe('a<i><i>b')
    expect(() => expandImages('ab', inputs, 1, how)).toThrow('0 places for images, 1 were given')
    expect(() => countImageTokens(inputs, 0, vit)).toThrow('give imageTokens')
  })
})
