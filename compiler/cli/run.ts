/** `wgc run`: a bundle in Node, on text or on tensors. */
import { type Command, Option } from 'commander'
import { FEATURES, type FeatureName } from '../../runtime/switches.js'
import { fail } from '../errors.js'
import { type CommonOptions, command, integer, need, number } from './command.js'
import { interruptible } from './interrupt.js'
import type { Backend } from './load-bundle.js'
import { features } from './without.js'

export interface RunOptions extends CommonOptions {
  prompt?: string
  maxTokens?: number
  temperature?: number
  topK?: number
  topP?: number
  repetitionPenalty?: number
  seed?: number
  bos?: boolean
  inputs?: string
  outputs?: string
  program?: string
  backend: Backend
  variant?: string
  threads?: number
  without?: FeatureName[]
}

const EXAMPLES = [
  'wgc run out/stories --prompt "Once upon a time" --max-tokens 100',
  'wgc run out/stories --prompt "Once upon a time" --temperature 0 --backend wasm --json',
  'wgc run out/stories --inputs in.safetensors --outputs out.safetensors',
]

const AFTER = `
With --inputs, the model runs once on named tensors, as Hugging Face names and shapes them, and writes its named
outputs: input_ids of [tokens] or [batch, tokens] in, logits out. A prefix "input." of a name is dropped; tensors
called "output.…" say which outputs to write, and how much of each, else all are written that the inputs allow. With --max-tokens, or where
the file has output.greedy_ids, a model that generates also writes greedy_ids: the prompt and what follows it.`

export function runCommand(): Command {
  return command('run', 'run a bundle here, on text or on tensors', EXAMPLES)
    .argument('<dir>', 'folder of the bundle')
    .option('--prompt <text>', 'text to go on from')
    .option('--max-tokens <n>', 'most tokens to generate', integer(1))
    .option('--temperature <t>', '0: always the likeliest token', number(0, Number.MAX_VALUE))
    .option(
      '--top-k <k>',
      'draw from this many of the likeliest tokens; 0: from all',
      integer(0, 2 ** 32 - 1),
    )
    .option('--top-p <p>', 'draw from the likeliest that have this probability together', number(1e-6, 1))
    .option(
      '--repetition-penalty <p>',
      'above 1: words of the text so far become less likely',
      number(1e-3, 1e3),
    )
    .option('--seed <s>', 'the same seed gives the same text', integer(0, 2 ** 32 - 1))
    .option('--bos', "put the model's first token before a prompt whose tokenizer doesn't")
    .option('--inputs <file>', 'safetensors file with the inputs')
    .option('--outputs <file>', 'safetensors file for the outputs')
    .option('--program <name>', 'run this program alone on --inputs, by its own ports (see wgc inspect)')
    .addOption(
      new Option('--backend <name>', 'Dawn (WebGPU) or WebAssembly; auto: Dawn on a real GPU')
        .choices(['auto', 'dawn', 'wasm'])
        .default('auto'),
    )
    .option(
      '--threads <n>',
      'threads of WebAssembly; 1: none beside this one  (default: one a core)',
      integer(1, 256),
    )
    .option('--variant <id>', 'this variant of the bundle (see wgc inspect)')
    .option('--without <features>', `as if these were absent: ${FEATURES.join(', ')}`, features)
    .addHelpText('after', AFTER)
    .action(run)
}

/** Options of one mode that say nothing in the other. */
const TEXT_ONLY = ['prompt', 'temperature', 'topK', 'topP', 'repetitionPenalty', 'seed', 'bos'] as const

const flag = (name: string) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`

async function run(folder: string, options: RunOptions): Promise<void> {
  const { inputs, outputs, prompt } = options
  if (inputs !== undefined || outputs !== undefined) {
    const text = TEXT_ONLY.find((name) => options[name] !== undefined)
    if (text) fail('WGC106', [flag(text), '--inputs', 'a model runs on text or on tensors'])
    const from = need(inputs, '--inputs <file>', 'run')
    const to = need(outputs, '--outputs <file>', 'run')
    const { runTensors } = await import('./run-tensors.js')
    return interruptible((signal) => runTensors(folder, from, to, options, signal))
  }
  if (prompt === undefined)
    fail('WGC104', ['neither --prompt nor --inputs is given', undefined, 'wgc run --help'])
  const { runText } = await import('./run-text.js')
  return interruptible((signal) => runText(folder, prompt, options, signal))
}
