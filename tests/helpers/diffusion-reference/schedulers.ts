/**
 * DDIM's and Euler's steps in float64, by the equations of the papers: DDIM (Song et al. 2020) as equation 12 has it,
 * Euler's method on dx/dσ = ε (Karras et al. 2022). For the scaled linear schedule of latent diffusion alone.
 */

export interface ReferenceScheduler {
  times: number[]
  start: number
  seen(x: number[], step: number): number[]
  after(x: number[], made: number[], step: number): number[]
}

interface Options {
  steps: number
  prediction: 'epsilon' | 'v_prediction'
  times: number[]
}

const [TRAINED, FROM, TO] = [1000, 0.00085, 0.012]

/** ᾱ at a time of the training. */
export function alphaBar(time: number): number {
  let product = 1
  for (let i = 0; i <= time; i++)
    product *= 1 - (FROM ** 0.5 + ((TO ** 0.5 - FROM ** 0.5) * i) / (TRAINED - 1)) ** 2
  return product
}

export function referenceDdim({ steps, prediction, times }: Options): ReferenceScheduler {
  return {
    times,
    start: 1,
    seen: (x) => x,
    after: (x, made, step) => {
      const now = alphaBar(times[step]!)
      const previous = times[step]! - Math.floor(TRAINED / steps)
      const then = alphaBar(Math.max(previous, 0))
      return x.map((xt, i) => {
        const eps = prediction === 'epsilon' ? made[i]! : Math.sqrt(now) * made[i]! + Math.sqrt(1 - now) * xt
        const x0 = (xt - Math.sqrt(1 - now) * eps) / Math.sqrt(now)
        return Math.sqrt(then) * x0 + Math.sqrt(1 - then) * eps
      })
    },
  }
}

export function referenceEuler({ prediction, times }: Options): ReferenceScheduler {
  const at = (time: number) => Math.sqrt((1 - alphaBar(time)) / alphaBar(time))
  const sigma = (time: number) => {
    const share = time - Math.floor(time)
    return (1 - share) * at(Math.floor(time)) + (share > 0 ? share * at(Math.floor(time) + 1) : 0)
  }
  const sigmas = [...times.map(sigma), 0]
  return {
    times,
    start: sigmas[0]!,
    seen: (x, step) => x.map((v) => v / Math.sqrt(sigmas[step]! ** 2 + 1)),
    after(x, made, step) {
      const s = sigmas[step]!
      return x.map((v, i) => {
        const x0 =
          prediction === 'epsilon'
            ? v - s * made[i]!
            : v / (s ** 2 + 1) - (s / Math.sqrt(s ** 2 + 1)) * made[i]!
        return v + (sigmas[step + 1]! - s) * ((v - x0) / s)
      })
    },
  }
}
