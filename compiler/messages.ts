/**
 * Every message a user can be shown, in one place. A code says where it comes from:
 * 1xx command line, 2xx import, 3xx templates, 4xx graph and selection, 5xx validation and toolchain,
 * 6xx bundle and run, 9xx internal. `errors.ts` makes errors of them.
 */

type Make = (...args: never[]) => { message: string; hint?: string }

/** A command line that cannot be read: what is wrong with it, what was probably meant, where help is. */
const usage = (what: string, near: string | undefined, help: string) => ({
  message: what,
  hint: near ? `did you mean ${near}? ${help} lists what there is` : `${help} lists what there is`,
})

/** A complaint about kernels for some engines. */
interface Refused {
  kernels: string[]
  engines: string[]
  tool: string
  message: string
  line?: number
}

function refused({ kernels, engines, tool, message }: Refused): string {
  const same =
    kernels.length > 1
      ? ` (so are ${kernels.length - 1} more: ${kernels.slice(1, 4).join(', ')}${kernels.length > 4 ? ' …' : ''})`
      : ''
  return `${kernels[0]} for ${engines.join(', ')} is refused by ${tool}: ${message}${same}`
}

/** Code to message. `fail('WGC201', …)` makes the error; the arguments are typed by this table. */
export const messages = {
  WGC101: usage,
  WGC102: usage,
  WGC103: usage,
  WGC104: usage,
  WGC105: usage,
  WGC106: (option: string, other: string, what: string) => ({
    message: `${option} and ${other} don't go together: ${what}`,
    hint: `leave out one of them`,
  }),
  WGC107: (what: string, name: string, known: readonly string[], near: readonly string[]) => ({
    message: `no ${what} "${name}"`,
    hint: near.length ? `did you mean ${near.join(' or ')}?` : `there are ${known.join(', ')}`,
  }),
  WGC108: (port: number, why: string) => ({
    message: `port ${port} cannot be used: ${why}`,
    hint: 'choose another with --port, or leave it out and a free one is taken',
  }),
  WGC201: (ref: string, presets: string[], near: string[]) => ({
    message: `no model "${ref}": there is no such folder, and no preset of that name`,
    hint: `${near.length ? `did you mean ${near.join(' or ')}? ` : ''}give the path of a folder that holds config.json or of a .gguf file, or one of the presets ${presets.join(', ')}`,
  }),
  WGC202: (found: string[]) => ({
    message: 'this folder holds no model: neither config.json nor model.safetensors nor a .gguf file',
    hint: found.length
      ? `it holds ${found.join(', ')}; give the folder that has the model's config.json`
      : "it is empty; give the folder that has the model's config.json",
  }),
  WGC203: (hint: string) => ({ message: 'no such file', hint }),
  WGC204: (others: string[], name = 'model') => ({
    message: `the folder has a config.json but no weights: no ${name}.safetensors, no ${name}.safetensors.index.json`,
    hint: others.length
      ? `${others.join(', ')}: not a format that wgc reads; save the model as safetensors (save_pretrained does)`
      : 'download the weights as well (large files are often left out: git lfs pull)',
  }),
  WGC205: (why: string) => ({ message: `cannot be read: ${why}` }),
  WGC206: (why: string) => ({ message: `not valid JSON: ${why}` }),
  WGC207: (field: string) => ({
    message: `${field} is missing`,
    hint: 'the model cannot be built without it; compare with the config.json of the original model',
  }),
  WGC208: (field: string, value: string, wanted: string) => ({
    message: `${field} is ${value}, it should be ${wanted}`,
  }),
  WGC210: (has: number, needs: number) => ({
    message: `the file is truncated: it has ${has} bytes, its header asks for ${needs}`,
    hint: 'download it again',
  }),
  WGC211: (why: string, hint = 'download it again, or save the model as safetensors anew') => ({
    message: `not a safetensors file: ${why}`,
    hint,
  }),
  WGC212: (tensor: string, why: string) => ({
    message: `tensor ${tensor}: ${why}`,
    hint: 'the header is damaged; download the file again, or save the model anew',
  }),
  WGC213: (tensor: string, near: string[]) => ({
    message: `tensor ${tensor} is missing`,
    hint: near.length
      ? `the nearest names are ${near.join(', ')}; is config.json the one of these weights?`
      : 'is config.json the one of these weights?',
  }),
  WGC214: (tensor: string, shape: readonly number[], wanted: readonly number[]) => ({
    message: `tensor ${tensor} is [${shape.join(', ')}], the config says [${wanted.join(', ')}]`,
    hint: 'is config.json the one of these weights?',
  }),
  WGC215: (tensor: string, dtype: string, wanted: readonly string[]) => ({
    message: `tensor ${tensor} is of type ${dtype}, wgc reads ${wanted.join(', ')}`,
    hint: 'save the model in one of these types',
  }),
  WGC216: (why: string) => ({
    message: `the index of the weights is damaged: ${why}`,
    hint: 'download it again, or save the model anew',
  }),
  WGC217: (tensor: string, value: number, row: number, format: string) => ({
    message: `tensor ${tensor} holds ${value} in row ${row}, which ${format} cannot store`,
    hint: Number.isFinite(value)
      ? 'choose a wider format (--bits f32)'
      : 'the weights are damaged; download them again',
  }),
  WGC218: (what: string) => ({
    message: `${what} is not a folder`,
    hint: "give the folder that holds the model's config.json, not a file of it",
  }),
  WGC230: (why: string) => ({
    message: `not an ONNX file that can be read: ${why}`,
    hint: 'download it again, or export the model anew',
  }),
  WGC231: (tensor: string, why: string) => ({
    message: `tensor ${tensor || 'without a name'}: ${why}`,
    hint: 'export the model anew, with its weights in the file and of a common type',
  }),
  WGC232: (node: string, why: string) => ({
    message: `${node}: ${why}`,
    hint: 'wgc cannot compile this part of the model yet',
  }),
  WGC233: (node: string, input: string) => ({
    message: `${node}: its input ${input} decides what is computed, and is known only when the model runs`,
    hint: 'export the model with a constant there',
  }),
  WGC234: (op: string, node: string, near: string[]) => ({
    message: `the ONNX operator ${op} is not supported${node === op ? '' : `: ${node}`}`,
    ...(near.length > 0 && { hint: `the nearest that are: ${near.join(', ')}` }),
  }),
  WGC235: (nodes: string[]) => ({
    message: [`${nodes.length} nodes of the model can't be compiled:`, ...nodes.slice(0, 100)].join('\n  '),
    hint: 'export the model without them, or up to where they begin (onnx.utils.extract_model)',
  }),
  WGC236: (input: string, shape: string, example: string) => ({
    message: `input ${input} has ${shape}, and wgc needs every size of it`,
    hint: `say it: --shape ${input}=${example}`,
  }),
  WGC237: (input: string, why: string, known: readonly string[]) => ({
    message: `--shape ${input}: ${why}`,
    hint: `the model's inputs are ${known.join(', ') || 'none'}`,
  }),
  WGC240: (why: string, hint = 'download it again, or convert the model anew') => ({
    message: `not a GGUF file that can be read: ${why}`,
    hint,
  }),
  WGC241: (tensor: string, why: string) => ({
    message: `tensor ${tensor}: ${why}`,
    hint: 'the file is damaged; download it again, or convert the model anew',
  }),
  WGC242: (found: readonly string[]) => ({
    message: `this folder holds several GGUF models: ${found.join(', ')}`,
    hint: 'give the path of one of them',
  }),
  WGC243: (architecture: string, known: readonly string[], near: readonly string[]) => ({
    message: `general.architecture ${architecture} is not supported`,
    hint: `${near.length ? `did you mean ${near.join(' or ')}? ` : ''}supported in GGUF: ${known.join(', ')}`,
  }),
  WGC244: (why: string) => ({
    message: `this tokenizer cannot be read: ${why}`,
    hint: "put the original model's tokenizer.json and tokenizer_config.json beside the file; they are taken instead",
  }),
  WGC245: (preset: string) => ({
    message: `${preset} is a preset, which has no weights to keep as they are`,
    hint: 'choose --bits 4, 8 or f16, or give a folder or a .gguf file',
  }),
  WGC301: (text: string, known: string[]) => ({
    message: `"${text}" is no directive`,
    hint: `there are ${known.map((d) => `//#${d}`).join(' ')}; a plain comment starts with "// "`,
  }),
  WGC302: () => ({ message: 'this //#if has no //#end' }),
  WGC303: (word: string) => ({ message: `//#${word} without an //#if before it` }),
  WGC304: (word: string, line: number) => ({
    message: `//#${word} after the //#else of the //#if in line ${line}`,
  }),
  WGC305: (text: string, why: string) => ({
    message: `"${text}" is no expression: ${why}`,
    hint: 'expressions hold numbers, names, + - * / % << >>, == != < <= > >=, && || !, ceil floor min max',
  }),
  WGC306: (name: string) => ({
    message: `no value for the name ${name}`,
    hint: 'declare it by //#param or //#option; a word such as f16 may only stand beside == or != with a parameter',
  }),
  WGC307: (text: string, why: string) => ({ message: `${text} ${why}` }),
  WGC308: (text: string) => ({
    message: `${text} is not known to be a whole number`,
    hint: 'write ceil(a / b), or make sure by a "needs" line that it divides',
  }),
  WGC309: (why: string) => ({
    message: `not a parameter: ${why}`,
    hint: 'a domain lists numbers, names and ranges such as 1.. or 1..64 or 0.0.., the default first: //#param WG 64|32|128',
  }),
  WGC310: (name: string, line: string, language: 'wgsl' | 'c') => ({
    message: `//#param ${name} is not followed by a declaration of ${name}, but by "${line.trim()}"`,
    hint: `the next line must be ${
      language === 'wgsl'
        ? `const ${name}: u32 = 64u; or alias ${name} = f32;`
        : `#define ${name} 64, enum { ${name} = 64 }; static const int ${name} = 64; or typedef float ${name};`
    } (a parameter without a declaration is an //#option)`,
  }),
  WGC311: (name: string, declared: string, wanted: string) => ({
    message: `${name} is declared as ${declared}, its default is ${wanted}`,
    hint: 'the first entry of the domain is the default, and the declaration must say the same',
  }),
  WGC312: (path: string) => ({
    message: `the include "${path}" cannot be read`,
    hint: "paths start at the language's template folder; a $NAME stands for every value that the parameter can have here",
  }),
  WGC313: (chain: string[]) => ({ message: `includes go round in a circle: ${chain.join(' > ')}` }),
  WGC314: (rest: string) => ({
    message: `//#include ${rest} names no file`,
    hint: 'write //#include "lib/name.wgsl"',
  }),
  WGC315: (name: string, other: string) => ({
    message: `${name} has another domain or default than at ${other}`,
    hint: 'a parameter that several files of a template declare must be declared alike',
  }),
  WGC316: (name: string, path: string, why: string) => ({
    message: `$${name} in "${path}" can't be replaced: ${why}`,
    hint: 'only a parameter whose domain is a list of names or numbers can choose an include',
  }),
  WGC317: () => ({ message: 'code behind //: outside of any //#if' }),
  WGC318: () => ({
    message: 'a directive behind //:',
    hint: 'directives are comments already and need no //: before them',
  }),
  WGC319: () => ({ message: 'a block comment is left open behind //:' }),
  WGC320: (taken: boolean) =>
    taken
      ? {
          message: 'this code is used at the defaults, yet stands behind //:',
          hint: 'remove the //: so that the file as it stands is what the defaults give',
        }
      : {
          message: 'this code is not used at the defaults, yet stands open',
          hint: 'put "//: " before it, so that the file as it stands is what the defaults give',
        },
  WGC321: (name: string, value: string, domain: string) => ({
    message: `${name} is never ${value}`,
    hint: `its domain is ${domain}`,
  }),
  WGC322: (template: string, name: string, known: string[]) => ({
    message: `${template} has no parameter ${name}`,
    hint: known.length ? `it has ${known.join(', ')}` : 'it has none',
  }),
  WGC323: (name: string, value: string, domain: string) => ({
    message: `${name} can't be ${value}`,
    hint: `its domain is ${domain}`,
  }),
  WGC330: () => ({
    message: '//#unroll is not followed by a for',
    hint: 'the next code after //#unroll must be the loop: for (var i = 0u; i < ROWS; i++) { … }',
  }),
  WGC331: (why: string) => ({
    message: `this loop can't be unrolled: ${why}`,
    hint: 'write for (var i = 0u; i < ROWS; i++) { … }, in C for (int i = 0; i < ROWS; i++) { … }',
  }),
  WGC332: (text: string, why: string) => ({
    message: `this loop can't be unrolled: its bound ${text} is not constant (${why})`,
    hint: 'bounds are made of parameters, module constants and the indices of unrolled loops around',
  }),
  WGC333: (word: string) => ({
    message: `${word} would leave the unrolled loop`,
    hint: 'turn it into an if, or leave the loop rolled',
  }),
  WGC334: (name: string) => ({ message: `the index ${name} of an unrolled loop is assigned` }),
  WGC335: (most: number, what: string) => ({ message: `unrolling gives more than ${most} ${what}` }),
  WGC336: (name: string) => ({
    message: `${name} is declared again within the unrolled loop that it is the index of`,
    hint: 'give one of them another name',
  }),
  WGC340: () => ({
    message: 'front matter (//!) after the top of the file',
    hint: 'a plain comment starts with "// "',
  }),
  WGC341: (key: string, why: string) => ({ message: `front matter "${key}": ${why}` }),
  WGC342: (why: string) => ({ message: `front matter "op": ${why}` }),
  WGC343: (key: string) => ({ message: `the front matter has no "${key}" line` }),
  WGC401: (
    op: string,
    node: string,
    language: string,
    features: string[],
    rejected: { template: string; why: string }[],
  ) => ({
    message: `no ${language} kernel for ${op} at ${node} with features [${features.join(', ')}]: ${
      rejected.map((r) => `${r.template}: ${r.why}`).join('; ') || 'no template has this operator'
    }`,
    hint: 'wgc kernels lists every template with what it needs',
  }),
  WGC402: (kernel: string, node: string, count: number, most: number) => ({
    message: `${kernel} at ${node} would take ${count} workgroups in one dimension; WebGPU allows ${most}`,
  }),
  WGC403: (pass: string, known: string[]) => ({
    message: `no pass is called ${pass}`,
    hint: `passes: ${known.join(', ')}`,
  }),
  WGC407: (name: string, ids: readonly string[]) => ({
    message: `no variant of these targets begins with "${name}"`,
    hint: `they have ${ids.join(', ')}`,
  }),
  WGC404: (why: string) => ({
    message: `no variant is left: ${why}`,
    hint: 'other --bits or --group, a shorter --context, or a target with WebGPU',
  }),
  WGC405: (name: string, known: string[]) => ({
    message: `no kernel is called ${name}`,
    hint: `kernels: ${known.join(', ')}`,
  }),
  WGC420: (family: string, architectures: string[], known: string[]) => ({
    message: `model_type ${family} (${architectures.join(', ') || 'no architectures named'}) is not supported`,
    hint: `supported: ${known.join(', ')}`,
  }),
  WGC421: (type: string, known: string[]) => ({
    message: `rope scaling "${type}" is not supported`,
    hint: `supported: ${known.join(', ')}`,
  }),
  WGC422: (why: string) => ({ message: why, hint: 'config.json contradicts itself; download it again' }),
  WGC423: (what: string, family: string) => ({ message: `${what} is not supported for ${family}` }),
  WGC424: (asked: number, most: number) => ({
    message: `a context of ${asked} tokens was asked for; the model allows ${most}`,
    hint: `leave --context out, or give at most ${most}`,
  }),
  WGC410: (name: string, known: string[], near: string[]) => ({
    message: name === '' ? 'no target is named' : `no target "${name}"`,
    hint: `${near.length ? `did you mean ${near.join(' or ')}? ` : ''}there are ${known.join(', ')}, and all`,
  }),
  WGC411: (path: string, value: string, wanted: string) => ({
    message: `${path || 'the file'} is ${value}, it should be ${wanted}`,
    hint: 'compiler/targets.ts says what a target file holds',
  }),
  WGC408: (name: string, known: string[]) => ({
    message: `no workgroup "${name}"`,
    hint: `there are ${known.join(', ')}; targets/workgroups.json says what each is`,
  }),
  WGC412: (name: string, path: string) => ({
    message: `browser-compat-data has no ${path}, which ${name} is looked up by`,
    hint: 'targets/watched.json and "bcd" in the targets\' files say what is looked up',
  }),
  WGC413: (thing: string, target: string) => ({
    message: `the override of ${thing} for ${target} changes nothing`,
    hint: 'take it out of targets/overrides.json: the packages say the same, or nobody asks for it',
  }),
  WGC501: (first: Refused, others: Refused[]) => ({
    message: [
      refused(first),
      ...others.map((o) => `${o.kernels[0]}.wgsl${o.line ? `:${o.line}` : ''}: ${refused(o)}`),
    ].join('\n'),
    hint: 'the kernel template makes WGSL that this engine would refuse',
  }),
  WGC502: (kernel: string, why: string) => ({
    message: `${kernel}: the shader cannot be bound: ${why}`,
    hint: 'a kernel is one @compute entry point main with constant sizes and its buffers in @group(0)',
  }),
  WGC520: (reason: string, more: number) => ({
    message: more > 0 ? `${reason} (and ${more} more)` : reason,
  }),
  WGC521: (asked: string | undefined) => ({
    message: asked ? `there is no emcc at ${asked}, where $EMCC points` : 'emcc is not on PATH',
    hint: 'install Emscripten, set EMCC to the path of emcc, or leave out --toolchain emcc: wgc brings a compiler',
  }),
  WGC522: (has: number, needs: number) => ({
    message: `this Emscripten (clang ${has}) cannot make relaxed SIMD, clang ${needs} or newer can`,
    hint: 'leave out --toolchain emcc, install a newer Emscripten, or build for targets without relaxed SIMD',
  }),
  WGC523: (output: string) => ({ message: `the C compiler failed: ${output}` }),
  WGC524: () => ({
    message: '@yowasp/clang, the C compiler, cannot be loaded',
    hint: 'run npm install again, or use an installed Emscripten with --toolchain emcc',
  }),
  WGC503: (tool: string, why: string) => ({
    message: `${tool} cannot check shaders here: ${why}`,
    hint: 'install wgc anew (npm ci); its tools run on Linux, macOS and Windows, on x64 and arm64',
  }),
  WGC504: (file: string, why: string) => ({
    message: `the compiled kernels ${file} are not fit to run: ${why}`,
    hint: 'build with another --toolchain, or with --no-cache',
  }),
  WGC601: (why: string) => ({
    message: `cannot be written: ${why}`,
    hint: 'choose another folder with --out, or make room',
  }),
  WGC610: (out: string) => ({ message: `${out} is a file`, hint: 'name a folder with --out' }),
  WGC611: (out: string) => ({
    message: `${out} holds something that is not a bundle; it is left as it is`,
    hint: 'name a new or empty folder with --out, or remove it first',
  }),
  WGC612: (out: string, why: string) => ({
    message: `${out} can't be written: ${why}`,
    hint: 'name a folder you may write to with --out',
  }),
  WGC613: (file: string) => ({
    message: `${file} is missing from the package`,
    hint: 'run npm run build in the package, or install it again',
  }),
  WGC620: (found: readonly string[]) => ({
    message: 'this folder holds no bundle: there is no manifest.json',
    hint: found.length
      ? `it holds ${found.join(', ')}; give the folder that wgc build wrote (its --out)`
      : 'give the folder that wgc build wrote (its --out)',
  }),
  WGC621: (why: string) => ({ message: why, hint: 'build the bundle again' }),
  WGC622: (why: string) => ({
    message: `the bundle is damaged: ${why}`,
    hint: 'copy the bundle again, or build it again',
  }),
  WGC623: (variant: string, known: readonly string[], near: readonly string[]) => ({
    message: `the bundle has no variant "${variant}"`,
    hint: near.length ? `did you mean ${near.join(' or ')}?` : `it has ${known.join(', ')}`,
  }),
  WGC624: () => ({
    message: 'the bundle has no tokenizer, so it cannot read a prompt',
    hint: 'give token ids with --inputs, or build from a folder that has tokenizer.json',
  }),
  WGC625: (what: string) => ({ message: what }),
  WGC626: (name: string, why: string, takes: readonly string[]) => ({
    message: `input ${name}: ${why}`,
    hint: `the model takes ${takes.join(', ')}`,
  }),
  WGC627: (why: string) => ({
    message: `there is no Dawn to run on: ${why}`,
    hint: 'install a Vulkan driver (VK_DRIVER_FILES names one), or use --backend wasm',
  }),
  WGC628: () => ({
    message: 'the bundle has no weights: it was built from a preset, which has dimensions only',
    hint: "build it from the model's folder to run it",
  }),
  WGC629: (why: string) => ({
    message: `there is no GPU to measure on: ${why}`,
    hint: 'install its Vulkan driver (VK_DRIVER_FILES names one)',
  }),
  WGC630: (why: string) => ({
    message: why,
    hint: 'build the bundle for more targets, or choose another --backend',
  }),
  WGC631: (why: string) => ({ message: why, hint: 'copy the bundle again, or build it again' }),
  WGC632: (why: string) => ({ message: why, hint: 'copy the bundle again, or build it again' }),
  WGC633: (why: string) => ({ message: why, hint: 'build with fewer --bits or a smaller --context' }),
  WGC634: (why: string) => ({ message: why, hint: 'try again, or use --backend wasm' }),
  WGC635: (name: string) => ({
    message: `a history is kept by DuckDB, and ${name} is not installed`,
    hint: `run npm install ${name} here, or leave --history out`,
  }),
  WGC636: (why: string) => ({
    message: `the history can't be opened: ${why}`,
    hint: 'name a new file, or one that an earlier --history made',
  }),
  WGC637: (command: string, why: string) => ({
    message: `${command} can't be measured in: ${why}`,
    hint: "it should be a Chromium's executable; it is driven by the npm package playwright-core",
  }),
  WGC638: (target: string, engine: string, measures: string) => ({
    message: `${target} runs on ${engine}, and times of ${measures} say nothing of it`,
    hint: `name a --target of ${measures}, or leave it out`,
  }),
  WGC901: (what: string) => ({
    message: `internal fault: ${what}`,
    hint: 'please report it with the output of --verbose',
  }),
} satisfies Record<string, Make>
