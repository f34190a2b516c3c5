/** A report as rows of text: what, and what it is here. Told in the same words on a page and in a terminal. */

const mib = (bytes) =>
  bytes >= 2 ** 30 ? `${+(bytes / 2 ** 30).toFixed(2)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`

const LIMITS = [
  ['maxBufferSize', mib],
  ['maxStorageBufferBindingSize', mib],
  ['maxStorageBuffersPerShaderStage', String],
  ['maxComputeWorkgroupStorageSize', String],
  ['maxComputeInvocationsPerWorkgroup', String],
]

const BY = {
  info: "by the adapter's name",
  id: "by its vendor's number",
  limits: 'by the set of its limits',
  none: 'by nothing',
}

function device({ device: d, webgpu }) {
  if (d.class === 'unknown')
    return d.oneOf ? `one of ${d.oneOf.join(', ')}, by the set of its limits` : 'unknown'
  const name = [webgpu.info.vendor, webgpu.info.architecture, webgpu.info.description]
    .filter(Boolean)
    .join(' ')
  return `${d.class}, told ${BY[d.by]}${d.sure ? '' : ', not for sure'}${name ? ` (${name})` : ''}`
}

function engine({ engine: name, version: { number = 'of unknown version', from, system } }) {
  return from === 'host'
    ? `${name}'s, in a host of version ${number}, ${system}`
    : `${name} ${number}, ${system}`
}

function power({ battery, pressure, saveData }) {
  const says = [
    battery &&
      `battery at ${Math.round(battery.level * 100)} %, ${battery.charging ? 'charging' : 'not charging'}`,
    pressure && `pressure ${pressure.state ?? 'can be watched'}`,
    saveData && 'the reader asked to save data',
  ].filter(Boolean)
  return says.join('; ') || 'nothing is told'
}

/** Pairs of text. `workarounds`: the table that the report's ids are of. */
export function facts(r, workarounds) {
  const { webgpu, wasm, device: d, budget } = r
  const gpu = webgpu.available
    ? [
        ['Adapter', webgpu.software ? 'computes on the processor' : 'a GPU'],
        ['Class of device', device(r)],
        [
          'Limits',
          `${d.tier}; ${LIMITS.map(([name, text]) => `${name} ${text(webgpu.limits[name] ?? 0)}`).join(', ')}`,
        ],
        ['Level', d.level],
        ['Subgroups', d.subgroups ? `${d.subgroups.min} to ${d.subgroups.max}` : 'sizes unknown'],
        ['WebGPU features', webgpu.features.join(', ') || 'none'],
        ['WGSL extensions', webgpu.wgsl.join(', ') || 'none'],
      ]
    : [['WebGPU', `none: ${webgpu.reason}`]]
  const has = Object.entries(wasm).filter(([, yes]) => yes)
  return [
    ['Engine', engine(r)],
    ...gpu,
    [
      'WebAssembly',
      r.wasmCompiles ? has.map(([name]) => name).join(', ') || 'without extensions' : 'may not be compiled',
    ],
    [
      'Threads',
      r.workers.possible
        ? `${r.workers.cores ?? 'unknown number of'} cores`
        : `none: ${r.workers.why.join('; ')}`,
    ],
    [
      'Memory',
      [
        budget.bytes === undefined ? 'no bound is known' : `${mib(budget.bytes)} for a model`,
        ...budget.figures.map(({ what, bytes, from }) => `${what} ${mib(bytes)} (${from})`),
      ].join('; '),
    ],
    [
      'Storage',
      budget.storage ? `${mib(budget.storage.usage)} of ${mib(budget.storage.quota)} used` : 'not told',
    ],
    ['Power', power(r.power)],
    ['WebNN', r.webnn.present ? (r.webnn.works ? 'works' : `there, but fails: ${r.webnn.why}`) : 'none'],
    ['Workarounds', r.workarounds.map((id) => `${id}: ${workarounds[id].does}`).join('; ') || 'none'],
  ]
}
