/**
 * Made of what `tsc -p tsconfig.build.json` wrote: files for the page, which go into every bundle as well (the
 * runtime, the worker that it may start, the tokenizer that it imports when a bundle needs one, the tasks, the chat
 * templates that those import when there is a chat); and the command line.
 */
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'

const minify = () =>
  terser({ module: true, ecma: 2020, compress: { passes: 3, pure_getters: true, lhs_constants: false } })

/** `from`: the folder of tsc's output for runtime/. `to`: where the files go. */
export const outputs = (from, to) => [
  {
    input: `${from}/index.js`,
    // Stays an import of a file beside it: bundlers make it a lazy chunk, pages fetch it when needed.
    external: /\/(tokenizer|extras|care|inspect|wasm-threads)\.js$/,
    output: { file: `${to}/runtime.js`, format: 'es', paths: (id) => `./${id.split('/').at(-1)}` },
    plugins: [minify()],
  },
  {
    input: `${from}/extras.js`,
    output: { file: `${to}/extras.js`, format: 'es' },
    plugins: [minify()],
  },
  {
    input: `${from}/care.js`,
    output: { file: `${to}/care.js`, format: 'es' },
    plugins: [minify()],
  },
  {
    input: `${from}/wasm-threads.js`,
    output: { file: `${to}/wasm-threads.js`, format: 'es' },
    plugins: [minify()],
  },
  {
    input: `${from}/wasm-worker.js`,
    output: { file: `${to}/wasm-worker.js`, format: 'es' },
    plugins: [minify()],
  },
  {
    input: `${from}/tokenizer.js`,
    output: { file: `${to}/tokenizer.js`, format: 'es' },
    plugins: [nodeResolve(), minify()],
  },
  {
    input: `${from}/tasks/index.js`,
    // Jinja is fetched for chats alone.
    external: /\/template\.js$/,
    output: { file: `${to}/tasks.js`, format: 'es', paths: () => './chat-template.js' },
    plugins: [minify()],
  },
  {
    input: `${from}/tasks/template.js`,
    output: { file: `${to}/chat-template.js`, format: 'es' },
    plugins: [nodeResolve(), minify()],
  },
  {
    input: `${from}/inspect.js`,
    output: { file: `${to}/inspect.js`, format: 'es' },
    plugins: [minify()],
  },
]

/** The command line in a few files instead of a hundred: a warm build spends a quarter of its time finding them. */
const commandLine = {
  input: {
    main: 'dist/compiler/cli/main.js',
    'dawn-probe': 'dist/compiler/cli/dawn-probe.js',
    'wasm-worker-node': 'dist/compiler/cli/wasm-worker-node.js',
  },
  external: (id) => !/^[./]/.test(id),
  // Side by side: the probe is run as a file beside the code that starts it.
  output: { dir: 'dist/cli', format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
}

export default [...outputs('dist/runtime', 'dist'), commandLine]
