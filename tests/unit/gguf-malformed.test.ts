/** GGUF files that are damaged or made to harm: a clear error with file and field, at once and in little memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importModel } from '../../compiler/import/index.js'
import {
  encoders,
  type Field,
  fieldBytes,
  ggufBytes,
  type Tensor,
  text,
  u32,
  u64,
} from '../helpers/gguf-write.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-gguf-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FIELDS: Field[] = [
  ['general.architecture', 'string', 'llama'],
  ['llama.context_length', 'u32', 64],
  ['llama.embedding_length', 'u32', 32],
  ['llama.block_count', 'u32', 1],
  ['llama.feed_forward_length', 'u32', 64],
  ['llama.attention.head_count', 'u32', 2],
]

const f32 = (name: string, shape: number[]): Tensor => ({
  name,
  shape,
  type: 0,
  bytes: encoders.F32!.encode(new Float32Array(shape.reduce((a, b) => a * b, 1))),
})

const TENSORS: Tensor[] = [f32('token_embd.weight', [48, 32]), f32('blk.0.attn_q.weight', [32, 32])]

/** The fields with some changed, or added; a value of undefined leaves one out. */
const changed = (...changes: [string, Field[1], unknown][]): Field[] => {
  const keys = changes.map(([key]) => key)
  return [...FIELDS.filter(([key]) => !keys.includes(key)), ...changes.filter(([, , v]) => v !== undefined)]
}

const good = () => ggufBytes(FIELDS, TENSORS)

/** Bytes before the fields, the fields as bytes, tensors as bytes: all as they are given. */
const raw = (tensors: bigint | number, fields: Buffer[], infos: Buffer[] = [], count = fields.length) =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(count), ...fields, ...infos])

const fields = () => FIELDS.map(fieldBytes)
const info = (name: string, dims: (number | bigint)[], type: number, offset: number | bigint) =>
  Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)])

const edited = (edit: (bytes: Buffer) => void): Buffer => {
  const bytes = good()
  edit(bytes)
  return bytes
}

const HUGE = 2n ** 63n

const rows: [name: string, bytes: () => Buffer, code: string, message: RegExp][] = [
  ['an empty file', () => Buffer.alloc(0), 'WGC240', /does not begin with GGUF/],
  ['another file', () => Buffer.from('<html>not found</html>'), 'WGC240', /does not begin with GGUF/],
  ['nothing after the magic', () => Buffer.from('GGUF'), 'WGC210', /truncated: it has 4 bytes/],
  ['version 1', () => edited((b) => b.writeUInt32LE(1, 4)), 'WGC240', /version 1, wgc reads 2 and 3/],
  ['a version to come', () => edited((b) => b.writeUInt32LE(4, 4)), 'WGC240', /version 4/],
  ['big-endian', () => edited((b) => b.writeUInt32BE(3, 4)), 'WGC240', /big-endian/],
  ['no end of tensors', () => raw(HUGE, fields()), 'WGC240', /it would have 9223372036854776000 tensors/],
  ['more tensors than bytes', () => raw(100_000, fields()), 'WGC240', /it would have 100000 tensors/],
  ['no end of fields', () => raw(0, fields(), [], 2 ** 40), 'WGC240', /it would have 1099511627776 fields/],
  ['fields beyond the file', () => raw(0, fields(), [], 60_000), 'WGC210', /truncated/],
  [
    'a name as long as memory',
    () => raw(0, [Buffer.concat([u64(HUGE), Buffer.from('general')])]),
    'WGC240',
    /the name of field 0 would be 9223372036854776000 bytes long/,
  ],
  ['a name beyond the file', () => raw(0, [u64(60_000)]), 'WGC210', /truncated/],
  [
    'a string as long as memory',
    () => raw(0, [Buffer.concat([text('general.name'), u32(8), u64(2n ** 40n)])]),
    'WGC240',
    /general\.name would be 1099511627776 bytes long/,
  ],
  [
    'a list as long as memory',
    () => raw(0, [Buffer.concat([text('tokenizer.ggml.scores'), u32(9), u32(6), u64(2n ** 40n)])]),
    'WGC240',
    /tokenizer\.ggml\.scores would be a list of 1099511627776/,
  ],
  [
    'a list beyond the file',
    () => raw(0, [Buffer.concat([text('tokenizer.ggml.scores'), u32(9), u32(6), u64(4_000_000)])]),
    'WGC210',
    /truncated/,
  ],
  [
    'a list of strings beyond the file',
    () => raw(0, [Buffer.concat([text('tokenizer.ggml.tokens'), u32(9), u32(8), u64(4_000_000)])]),
    'WGC240',
    /tokenizer\.ggml\.tokens would be a list of 4000000, the file is shorter/,
  ],
  [
    'lists within lists without end',
    () => {
      const deeper = Array.from({ length: 1000 }, () => Buffer.concat([u32(9), u64(1)]))
      return raw(0, [Buffer.concat([text('a.list'), u32(9), ...deeper])])
    },
    'WGC240',
    /a\.list holds lists within lists/,
  ],
  [
    'a field of no type',
    () => raw(0, [Buffer.concat([text('general.name'), u32(77), u64(0)])]),
    'WGC240',
    /general\.name is of type 77/,
  ],
  [
    'a field twice',
    () => raw(0, [...fields(), fields()[2]!]),
    'WGC240',
    /"llama\.embedding_length" stands there twice/,
  ],
  [
    'a field that writes to the terminal',
    () => raw(0, [fieldBytes(['a\u001b[2Jb', 'u8', 1])]),
    'WGC240',
    /field 0 is called "a\\u001b\[2Jb"/,
  ],
  [
    'no architecture',
    () => ggufBytes(FIELDS.slice(1), TENSORS),
    'WGC207',
    /general\.architecture is missing/,
  ],
  [
    'an unknown architecture',
    () => ggufBytes(changed(['general.architecture', 'string', 'lama']), TENSORS),
    'WGC243',
    /lama is not supported/,
  ],
  [
    'an architecture that is a word of the language',
    () => ggufBytes(changed(['general.architecture', 'string', '__proto__']), TENSORS),
    'WGC243',
    /__proto__ is not supported/,
  ],
  [
    'a size that is text',
    () => ggufBytes(changed(['llama.embedding_length', 'string', '32']), TENSORS),
    'WGC208',
    /llama\.embedding_length is "32", it should be an integer/,
  ],
  [
    'a size beyond all numbers',
    () => ggufBytes(changed(['llama.embedding_length', 'u64', 2n ** 63n]), TENSORS),
    'WGC208',
    /llama\.embedding_length is "9223372036854775808"/,
  ],
  [
    'no end of layers',
    () => ggufBytes(changed(['llama.block_count', 'u32', 4_000_000_000]), TENSORS),
    'WGC208',
    /llama\.block_count is 4000000000/,
  ],
  [
    'a missing size',
    () => ggufBytes(FIELDS.slice(0, -1), TENSORS),
    'WGC207',
    /llama\.attention\.head_count is missing/,
  ],
  [
    'layers that differ',
    () => ggufBytes(changed(['llama.attention.head_count_kv', 'i32[]', [1, 2]]), TENSORS),
    'WGC423',
    /head_count_kv that differs/,
  ],
  [
    'experts',
    () => ggufBytes(changed(['llama.expert_count', 'u32', 8]), TENSORS),
    'WGC423',
    /llama\.expert_count is not supported/,
  ],
  [
    'an alignment that is none',
    () => ggufBytes(changed(['general.alignment', 'u32', 24]), TENSORS),
    'WGC208',
    /general\.alignment is 24/,
  ],
  [
    'an alignment of nothing',
    () => ggufBytes(changed(['general.alignment', 'u32', 0]), TENSORS),
    'WGC208',
    /general\.alignment is 0/,
  ],
  ['no embedding', () => ggufBytes(FIELDS, TENSORS.slice(1)), 'WGC213', /token_embd\.weight is missing/],
  ['a truncated file', () => good().subarray(0, -100), 'WGC210', /truncated/],
  ['a truncated header', () => good().subarray(0, 300), 'WGC210', /truncated/],
  [
    'a tensor twice',
    () => ggufBytes(FIELDS, [...TENSORS, TENSORS[0]!]),
    'WGC241',
    /token_embd\.weight: it stands there twice/,
  ],
  [
    'a tensor of no type',
    () => raw(1, fields(), [info('token_embd.weight', [32, 48], 99, 0)]),
    'WGC241',
    /token_embd\.weight: its type is 99/,
  ],
  [
    'a tensor of no dimensions',
    () => raw(1, fields(), [info('token_embd.weight', [], 0, 0)]),
    'WGC241',
    /it has 0 dimensions/,
  ],
  [
    'a tensor of a thousand dimensions',
    () => raw(1, fields(), [Buffer.concat([text('a'), u32(1000), u64(0), u64(0)])]),
    'WGC241',
    /it has 1000 dimensions/,
  ],
  [
    'an empty tensor',
    () => raw(1, fields(), [info('token_embd.weight', [0, 48], 0, 0)]),
    'WGC241',
    /its shape is \[48, 0\]/,
  ],
  [
    'sizes whose product overflows',
    () => raw(1, fields(), [info('token_embd.weight', [2n ** 33n, 2n ** 33n], 0, 0)]),
    'WGC241',
    /too many elements/,
  ],
  [
    'a tensor beyond the file',
    () => raw(1, fields(), [info('token_embd.weight', [2n ** 20n, 2n ** 20n], 0, 0)]),
    'WGC210',
    /truncated/,
  ],
  [
    'an offset beyond all files',
    () => raw(1, fields(), [info('token_embd.weight', [32, 48], 0, HUGE)]),
    'WGC241',
    /its offset/,
  ],
  [
    'an offset between two',
    () => raw(1, fields(), [info('token_embd.weight', [32, 48], 0, 4)]),
    'WGC241',
    /its offset 4 is no multiple of 32/,
  ],
  [
    'tensors in one place',
    () =>
      Buffer.concat([
        raw(2, fields(), [info('token_embd.weight', [32, 48], 0, 0), info('output.weight', [32, 48], 0, 32)]),
        Buffer.alloc(8192),
      ]),
    'WGC241',
    /output\.weight: its bytes are also those of token_embd\.weight/,
  ],
  [
    'rows that are no blocks',
    () => raw(1, fields(), [info('token_embd.weight', [48, 32], 2, 0)]),
    'WGC241',
    /its rows of 48 are no multiple of 32/,
  ],
  [
    'a name as long as a file',
    () => raw(1, fields(), [Buffer.concat([u64(2n ** 50n), Buffer.alloc(64)])]),
    'WGC240',
    /the name of tensor 0 would be/,
  ],
  [
    'rows that are no heads',
    () => ggufBytes(FIELDS, [TENSORS[0]!, f32('blk.0.attn_q.weight', [24, 32])]),
    'WGC241',
    /blk\.0\.attn_q\.weight: its 24 rows are not heads of 16/,
  ],
  [
    'two tensors for one',
    () => ggufBytes(FIELDS, [...TENSORS, f32('model.embed_tokens.weight', [48, 32])]),
    'WGC241',
    /it stands there twice/,
  ],
  [
    'a tokenizer without tokens',
    () => ggufBytes([...FIELDS, ['tokenizer.ggml.model', 'string', 'llama']], TENSORS),
    'WGC207',
    /tokenizer\.ggml\.tokens is missing/,
  ],
  [
    'fewer scores than tokens',
    () =>
      ggufBytes(
        [
          ...FIELDS,
          ['tokenizer.ggml.model', 'string', 'llama'],
          ['tokenizer.ggml.tokens', 'string[]', ['a', 'b']],
          ['tokenizer.ggml.scores', 'f32[]', [0]],
        ],
        TENSORS,
      ),
    'WGC244',
    /tokenizer\.ggml\.scores has 1 entries for 2 tokens/,
  ],
  [
    'a tokenizer of an unknown kind',
    () =>
      ggufBytes(
        [
          ...FIELDS,
          ['tokenizer.ggml.model', 'string', 'rwkv'],
          ['tokenizer.ggml.tokens', 'string[]', ['a', 'b']],
        ],
        TENSORS,
      ),
    'WGC244',
    /tokenizer\.ggml\.model is rwkv/,
  ],
  [
    'text cut in an unknown way',
    () =>
      ggufBytes(
        [
          ...FIELDS,
          ['tokenizer.ggml.model', 'string', 'gpt2'],
          ['tokenizer.ggml.pre', 'string', 'viking'],
          ['tokenizer.ggml.tokens', 'string[]', ['a', 'b']],
        ],
        TENSORS,
      ),
    'WGC244',
    /tokenizer\.ggml\.pre is viking/,
  ],
  [
    'an end beyond the vocabulary',
    () =>
      ggufBytes(
        [
          ...FIELDS,
          ['tokenizer.ggml.model', 'string', 'llama'],
          ['tokenizer.ggml.tokens', 'string[]', ['a', 'b']],
          ['tokenizer.ggml.eos_token_id', 'u32', 2],
        ],
        TENSORS,
      ),
    'WGC208',
    /tokenizer\.ggml\.eos_token_id is 2/,
  ],
  [
    'a part that says it is one of several',
    () => ggufBytes([...FIELDS, ['split.count', 'u16', 3]], TENSORS),
    'WGC240',
    /it is a part of 3/,
  ],
]

const refused = async (path: string) => {
  const imported = await importModel(path).catch((e: unknown) => e)
  expect(imported).toBeInstanceOf(Error)
  return imported as { code: string; message: string; place?: { file: string } }
}

describe('refused', () => {
  test('the file that the rows change is read', async () => {
    const path = join(folder, 'good.gguf')
    writeFileSync(path, good())
    const imported = await importModel(path)
    expect(imported).toMatchObject({ family: 'llama', name: 'good', configFile: path })
    expect(imported.tokenizer).toBeUndefined()
    await imported.close()
  })

  test.each(rows)('%s', async (name, bytes, code, message) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.gguf`)
    writeFileSync(path, bytes())
    const before = process.memoryUsage().arrayBuffers
    const e = await refused(path)
    expect(e.message).toMatch(message)
    expect(e).toMatchObject({ code, place: { file: path } })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20)
  })

  test('any byte of the header changed, any length: an error of wgc, or a model', {
    timeout: 120_000,
  }, async () => {
    const whole = good()
    const header = whole.length - TENSORS.reduce((sum, t) => sum + t.bytes.length, 0)
    const path = join(folder, 'any.gguf')
    const attempt = async (bytes: Buffer) => {
      writeFileSync(path, bytes)
      const found = await importModel(path).catch((e: unknown) => e as { code?: string; stack?: string })
      if ('close' in found) return found.close()
      expect(found.code ?? found.stack).toMatch(/^WGC2|^WGC423/)
    }
    for (let at = 0; at < header; at++)
      for (const value of [0, 255, whole[at]! ^ 1]) {
        const bytes = Buffer.from(whole)
        bytes[at] = value
        await attempt(bytes)
      }
    for (let length = 0; length < header; length += 3) await attempt(whole.subarray(0, length))
  })
})

describe('files and folders', () => {
  const put = (name: string, files: Record<string, Buffer>) => {
    const path = join(folder, name)
    mkdirSync(path)
    for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes)
    return path
  }
  const part = (no: number, count: number, tensors: Tensor[]) =>
    ggufBytes(
      [
        ...(no === 0 ? FIELDS : []),
        ['split.no', 'u16', no],
        ['split.count', 'u16', count],
        ['split.tensors.count', 'i32', 2],
      ],
      tensors,
    )
  const PARTS = {
    'm-00001-of-00002.gguf': part(0, 2, TENSORS.slice(0, 1)),
    'm-00002-of-00002.gguf': part(1, 2, TENSORS.slice(1)),
  }

  test.each([
    ['a folder with one file', () => put('one', { 'm.gguf': good() }), 'm'],
    ['a folder with a split one', () => put('split', PARTS), 'm'],
    ['the first part', () => join(put('first', PARTS), 'm-00001-of-00002.gguf'), 'm'],
  ])('%s', async (_, path, name) => {
    const imported = await importModel(path())
    expect(imported.name).toBe(name)
    expect(imported.weights!.names()).toHaveLength(2)
    expect(await imported.weights!.readRows('model.layers.0.self_attn.q_proj.weight', 3, 5)).toHaveLength(64)
    await imported.close()
  })

  test("the tokenizer's own files beside it are taken, whatever the file holds", async () => {
    const unknown: Field[] = [
      ['tokenizer.ggml.model', 'string', 'rwkv'],
      ['tokenizer.ggml.tokens', 'string[]', ['a', 'b']],
    ]
    const path = put('beside', {
      'm.gguf': ggufBytes([...FIELDS, ...unknown], TENSORS),
      'tokenizer.json': Buffer.from('{}'),
      'chat_template.jinja': Buffer.from('{{ messages }}'),
    })
    const imported = await importModel(path)
    expect(imported.tokenizer).toEqual({
      tokenizer: join(path, 'tokenizer.json'),
      config: { content: '{"chat_template":"{{ messages }}"}' },
    })
    await imported.close()
  })

  test.each<[string, () => string, string, RegExp]>([
    ['no such file', () => join(folder, 'none.gguf'), 'WGC203', /no such file/],
    [
      'several models',
      () => put('two', { 'a.gguf': good(), 'b.gguf': good() }),
      'WGC242',
      /a\.gguf, b\.gguf/,
    ],
    [
      'another part than the first',
      () => join(put('second', PARTS), 'm-00002-of-00002.gguf'),
      'WGC240',
      /it is part 2 of 2/,
    ],
    [
      'a missing part',
      () => put('missing', { 'm-00001-of-00002.gguf': PARTS['m-00001-of-00002.gguf'] }),
      'WGC203',
      /no such file/,
    ],
  ])('%s', async (_, path, code, message) => {
    const e = await refused(path())
    expect(e.message).toMatch(message)
    expect(e.code).toBe(code)
  })
})
