/** What could be gained here, and how. */
import type { Report } from './report.js'

export interface Advice {
  /** What would be gained. */
  gain: string
  how: string
}

/** Pure: tests give reports of many browsers. */
export function adviceFor(r: Report): Advice[] {
  const browser = r.version.from !== 'host'
  const rows: [boolean, string, string][] = [
    [
      browser && !r.secure,
      'WebGPU, files checked by their hash, threads',
      'serve the page by https or from localhost',
    ],
    [
      browser && !r.crossOriginIsolated && r.wasm.simd128 !== undefined,
      'threads: WebAssembly on every core',
      'send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp with the page',
    ],
    [
      !r.webgpu.available && browser && r.secure && !r.compatibility,
      'the GPU',
      HOW_WEBGPU[`${r.engine} ${r.version.system}`] ??
        HOW_WEBGPU[r.engine] ??
        'use a newer browser, or another one',
    ],
    [
      r.webgpu.software,
      'the GPU: this adapter computes on the processor',
      'turn graphics acceleration on in the settings, update the driver',
    ],
    [
      r.device.level === 'compatibility',
      'the GPU: there is only an adapter of the compatibility mode',
      'update the system and its GPU driver (Vulkan, Metal or Direct3D 12)',
    ],
    [
      !r.wasmCompiles && r.wasm.simd128 !== undefined,
      'WebAssembly',
      "allow 'wasm-unsafe-eval' in script-src of the page's Content-Security-Policy",
    ],
    [
      r.wasm.simd128 === undefined,
      'WebAssembly',
      'this browser has none: on iOS, Lockdown Mode takes it away',
    ],
    [r.power.saveData === true, 'nothing: the reader asked to save data', 'ask before a model is fetched'],
  ]
  return rows.filter(([applies]) => applies).map(([, gain, how]) => ({ gain, how }))
}

/** By engine and system. */
const HOW_WEBGPU: Readonly<Record<string, string>> = {
  'gecko linux': 'set dom.webgpu.enabled and dom.webgpu.workers.enabled in about:config',
  'gecko mac': 'WebGPU needs version 145 on macOS 26, 147 before, and a processor by Apple',
  'gecko android': 'this engine has no WebGPU on Android',
  'chromium linux':
    'WebGPU is on by default from 144 on Intel from Gen12, then NVIDIA; else turn on #enable-unsafe-webgpu and #enable-vulkan in the flags',
  'chromium android': 'WebGPU needs Android 12 and a GPU by Arm or Qualcomm',
  'webkit ios': 'WebGPU needs iOS 26, and no Lockdown Mode',
  'webkit mac': 'WebGPU needs version 26 on macOS 26',
}
