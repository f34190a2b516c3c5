/** The doctor's page: what this browser can do, which variant of the bundle runs and why, and whether it does. */

import { facts } from '/doctor-facts.js'
import { adviceFor, explain, FEATURES, WORKAROUNDS } from '/runtime/inspect.js'
import { detect, load } from '/runtime/runtime.js'

const BUNDLE = new URL('/bundle/', location.href)
const at = (id) => document.getElementById(id)

/** What there is to say, and to copy. */
const found = { events: [] }

const element = (tag, text, name = '') =>
  Object.assign(document.createElement(tag), { textContent: text, className: name })

function fail(e) {
  at('error').textContent = `${e.name}: ${e.message}`
  at('error').hidden = false
}

/** The bundle's manifest, if there is a bundle. */
async function readManifest() {
  const response = await fetch(new URL('manifest.json', BUNDLE))
  return response.ok ? response.json() : undefined
}

/** `{ subgroups: false }` for each box that is checked. */
const switchedOff = () =>
  Object.fromEntries(
    [...at('switches').elements].filter((box) => box.checked).map((box) => [box.name, false]),
  )

function showSwitches() {
  const labels = FEATURES.map((name) => {
    const label = element('label', ` ${name}`)
    label.prepend(Object.assign(document.createElement('input'), { type: 'checkbox', name }))
    return label
  })
  at('features').replaceChildren(...labels)
}

function showChoice() {
  const { manifest, report } = found
  const features = switchedOff()
  found.explanation = explain(manifest, report, { features })
  const { variant, variants } = found.explanation
  const rows = variants.map(({ id, ok, sentence }) =>
    element('li', sentence, id === variant ? 'taken' : ok ? 'fits' : 'refused'),
  )
  at('variants').replaceChildren(...rows)
  at('verdict').textContent = variant
    ? `${manifest.model.name} runs here: ${variant}`
    : `${manifest.model.name} does not run here`
  at('try').disabled = variant === undefined
  showReport()
}

function showFacts() {
  const rows = facts(found.report, WORKAROUNDS).map(([what, here]) => {
    const row = document.createElement('tr')
    const head = element('th', what)
    head.scope = 'row'
    row.append(head, element('td', here))
    return row
  })
  at('facts').tBodies[0].replaceChildren(...rows)
  const advice = adviceFor(found.report)
  at('advice').replaceChildren(
    ...(advice.length
      ? advice.map(({ gain, how }) => element('li', `${gain}: ${how}`))
      : [element('li', 'Nothing')]),
  )
}

function showReport() {
  const { manifest, ...rest } = found
  const bundle = manifest && {
    model: manifest.model.name,
    wgc: manifest.wgc,
    variants: Object.keys(manifest.variants),
  }
  at('report').value = JSON.stringify({ ...rest, bundle, userAgent: navigator.userAgent }, null, 1)
}

function onEvent(event) {
  found.events.push(event)
  at('events').replaceChildren(
    ...found.events.map(({ kind, ...more }) => element('li', `${kind}: ${Object.values(more).join(', ')}`)),
  )
}

/** Greedy tokens of a prompt, where the model makes any. */
async function generate(model) {
  if (!model.programs.includes('decode')) return `loaded; its programs are ${model.programs.join(', ')}`
  const bos = model.info.bos ?? 1
  const prompt = model.tokenizer ? 'Once upon a time' : [bos < model.info.vocab ? bos : 0]
  const made = []
  for await (const piece of model.tokenizer
    ? model.generate(prompt, { maxTokens: 16, temperature: 0 })
    : model.generateIds(prompt, { maxTokens: 16, temperature: 0 }))
    made.push(piece)
  found.generated = made
  return model.tokenizer ? `“${prompt}${made.join('')}”` : `tokens ${made.join(' ')}`
}

async function tryIt() {
  at('try').disabled = true
  at('error').hidden = true
  found.events = []
  at('events').replaceChildren(element('li', 'None yet'))
  const start = performance.now()
  let model
  try {
    model = await load(BUNDLE, {
      features: switchedOff(),
      onEvent,
      onProgress: ({ phase, loaded, total }) => {
        if (phase === 'download') at('loading').value = total ? loaded / total : 0
      },
    })
    at('loading').value = 1
    const loaded = performance.now() - start
    const text = await generate(model)
    const speed = model.stats ? `, ${model.stats.tokensPerSecond.toFixed(1)} tokens/s` : ''
    const threads = model.threads ? `, ${model.threads} threads` : ''
    found.ran = {
      variant: model.variant,
      backend: model.backend,
      threads: model.threads,
      loadMs: loaded,
      stats: model.stats,
    }
    at('ran').textContent =
      `${model.variant}${threads}: loaded in ${(loaded / 1000).toFixed(2)} s${speed}\n${text}`
  } catch (e) {
    found.ran = { error: `${e.name}: ${e.message}` }
    at('ran').textContent = 'It failed.'
    fail(e)
  } finally {
    model?.destroy()
    at('try').disabled = false
    showReport()
  }
}

async function copy() {
  const text = at('report').value
  try {
    await navigator.clipboard.writeText(text)
    at('copied').textContent = 'Copied'
  } catch {
    // Without the permission: shown and selected, so that a key does it.
    at('report').closest('details').open = true
    at('report').select()
    at('copied').textContent = 'Selected: copy it with your keyboard'
  }
}

at('copy').addEventListener('click', copy)
at('try').addEventListener('click', tryIt)
at('switches').addEventListener('change', showChoice)
at('switches').addEventListener('submit', (event) => event.preventDefault())

try {
  const [report, manifest] = await Promise.all([detect({ full: true }), readManifest()])
  Object.assign(found, { report, manifest })
  showFacts()
  showReport()
  at('copy').disabled = false
  at('verdict').textContent =
    `${report.webgpu.available ? 'WebGPU' : 'No WebGPU'}, ${report.wasm.simd128 ? 'WebAssembly with SIMD' : 'no WebAssembly SIMD'}`
  if (manifest) {
    showSwitches()
    at('choice').hidden = false
    at('trial').hidden = false
    showChoice()
  }
} catch (e) {
  at('verdict').textContent = 'This browser could not be examined'
  fail(e)
}
