/** The page of `wgc serve`: loads the bundle beside it, generates from a prompt, and says how. */
const BUNDLE = new URL('bundle/', location.href)
const at = (id) => document.getElementById(id)
const form = at('form')

let runtime
/** The model, the backend that was asked for when it was loaded, and what stops the text under way. */
let model
let loadedFor
let stopping

function fail(e) {
  at('error').textContent = `${e.name}: ${e.message}`
  at('error').hidden = false
}

const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
const ms = (n) => (n < 1000 ? `${Math.round(n)} ms` : `${(n / 1000).toFixed(2)} s`)

function showProgress({ phase, loaded, total }) {
  if (phase !== 'download') return
  at('progress').value = total ? loaded / total : 0
  at('phase').textContent = `Loading ${mb(loaded)} of ${mb(total)}`
}

function showModel({ info }) {
  document.title = `${info.name} · wgc`
  at('name').textContent = info.name
  const parameters = Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
  at('model').textContent =
    `${info.family}, ${parameters.format(info.parameters)} parameters, ${info.weights}, ${info.context} tokens of context`
}

function row(cells, taken) {
  const tr = document.createElement('tr')
  tr.className = taken ? 'taken' : ''
  for (const text of cells) tr.insertCell().textContent = text
  return tr
}

function showVariant({ variant, backend, threads, reasons, capabilities }, seconds, variants) {
  const { info, software } = capabilities.webgpu
  const gpu = [info.vendor, info.architecture, info.description].filter(Boolean).join(' ')
  const where =
    backend === 'webgpu'
      ? `WebGPU${gpu ? ` (${gpu})` : ''}`
      : `WebAssembly${threads > 0 ? ` (threads: ${threads})` : ''}`
  const why = software && backend === 'wasm' ? `; WebGPU is computed on the CPU here (${gpu})` : ''
  at('variant').textContent = `${variant} on ${where}, loaded in ${seconds.toFixed(2)} s${why}`
  const rows = reasons.map(({ id, why }) => row([id, variants[id]?.backend ?? '', why], id === variant))
  at('candidates').tBodies[0].replaceChildren(...rows)
  at('candidates').hidden = false
}

async function loadModel(backend) {
  model?.destroy()
  model = undefined
  at('error').hidden = true
  at('loading').hidden = false
  at('go').disabled = true
  const start = performance.now()
  try {
    runtime ??= await import(new URL('runtime.js', BUNDLE))
    const manifest = await (await fetch(new URL('manifest.json', BUNDLE))).json()
    model = await runtime.load(BUNDLE, { backend, onProgress: showProgress })
    loadedFor = backend
    showModel(model)
    showVariant(model, (performance.now() - start) / 1000, manifest.variants)
    const mine = model
    // The next prompt loads it again.
    model.lost.then((e) => {
      if (model !== mine) return
      model = undefined
      fail(e)
    })
  } finally {
    at('loading').hidden = true
    at('go').disabled = false
  }
}

/** Settings that hold a number; an empty field leaves the runtime's default. */
function settings(data) {
  const names = ['maxTokens', 'temperature', 'topK', 'topP', 'seed']
  const given = names.filter((name) => data.get(name) !== '')
  return Object.fromEntries(given.map((name) => [name, Number(data.get(name))]))
}

/** Without a tokenizer the prompt is token ids, and so is what comes. */
function pieces(prompt, options) {
  if (model.tokenizer) return model.generate(prompt, options)
  return model.generateIds(
    prompt
      .trim()
      .split(/[\s,]+/)
      .map(Number),
    options,
  )
}

function showStats({ tokens, promptTokens, timeToFirstToken, tokensPerSecond }) {
  at('stats').textContent =
    `${tokens} tokens, ${tokensPerSecond.toFixed(1)} tokens/s, first token after ${ms(timeToFirstToken)} (${promptTokens} in the prompt)`
}

async function generate(data) {
  const prompt = data.get('prompt')
  const prompted = document.createElement('b')
  prompted.textContent = prompt
  const text = document.createTextNode('')
  at('text').replaceChildren(prompted, text)
  stopping = new AbortController()
  at('stop').disabled = false
  at('go').disabled = true
  at('text').setAttribute('aria-busy', 'true')
  try {
    for await (const piece of pieces(prompt, { ...settings(data), signal: stopping.signal })) {
      text.data += model?.tokenizer ? piece : ` ${piece}`
      if (model?.stats) showStats(model.stats)
    }
  } catch (e) {
    if (!stopping.signal.aborted) throw e
  } finally {
    at('stop').disabled = true
    at('go').disabled = false
    at('text').removeAttribute('aria-busy')
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const data = new FormData(form)
  at('error').hidden = true
  try {
    if (!model || loadedFor !== data.get('backend')) await loadModel(data.get('backend'))
    await generate(data)
  } catch (e) {
    fail(e)
  }
})
at('stop').addEventListener('click', () => stopping?.abort())
form.elements.backend.addEventListener('change', () => {
  stopping?.abort()
  loadModel(form.elements.backend.value).catch(fail)
})

// ?backend=wasm&temperature=0&prompt=… sets the fields: a link to an exact run.
for (const [name, value] of new URLSearchParams(location.search)) {
  const field = form.elements.namedItem(name)
  if (field) field.value = value
}
loadModel(form.elements.backend.value).catch(fail)
