/** What a preprocessor_config.json says of images, its gaps filled with what its processor takes for granted. */

/** Of the sizes a config can state, one is there. Pixels. */
export interface ImageSize {
  height?: number
  width?: number
  shortest_edge?: number
  longest_edge?: number
  max_height?: number
  max_width?: number
  /** Qwen2-VL: bounds of the number of pixels. */
  min_pixels?: number
  max_pixels?: number
}

/** The fields of preprocessor_config.json that are read. */
export interface PreprocessorConfig {
  image_processor_type?: string
  feature_extractor_type?: string
  processor_class?: string
  do_resize?: boolean
  size?: number | ImageSize
  /** An older way to write `size.longest_edge`. */
  max_size?: number
  resample?: number
  do_center_crop?: boolean
  crop_size?: number | ImageSize
  /** ConvNeXT: the part that is kept below 384 pixels. */
  crop_pct?: number
  do_rescale?: boolean
  rescale_factor?: number
  do_normalize?: boolean
  image_mean?: number | number[]
  image_std?: number | number[]
  do_pad?: boolean
  pad_size?: ImageSize
  /** LLaVA-NeXT: `[height, width]` of the sizes an image may be tiled at. */
  image_grid_pinpoints?: number[][]
  /** Qwen2-VL. */
  patch_size?: number
  temporal_patch_size?: number
  merge_size?: number
  min_pixels?: number
  max_pixels?: number
  /** Audio. */
  sampling_rate?: number
  n_samples?: number
  chunk_length?: number
  return_attention_mask?: boolean
  padding_value?: number
  /** A processor_config.json holds the parts of a processor. */
  image_processor?: PreprocessorConfig
  feature_extractor?: PreprocessorConfig
  image_seq_length?: number
  vision_feature_select_strategy?: string
  num_additional_image_tokens?: number
}

/** Everything that happens to an image, decided. */
export interface ImageSteps {
  size: ImageSize | undefined
  /** A multiple that both sides are cut to (YOLOS). */
  multiple: number
  resample: number
  crop: [height: number, width: number] | undefined
  cropPct: number | undefined
  /** 1 where bytes stay as they are. */
  rescale: number
  mean: [number, number, number]
  std: [number, number, number]
  /** Pad a batch to its largest image, or to this size; say by a mask what is image. */
  pad: boolean
  padSize: [height: number, width: number] | undefined
  mask: boolean
  tiles: [height: number, width: number][] | undefined
  /** `pixels`: bounds of the number of them; absent where images stay as large as they are. */
  patches: { size: number; time: number; merge: number; pixels?: [least: number, most: number] } | undefined
  /** Several images are the frames of one clip. */
  frames: boolean
}

const HALF = [0.5, 0.5, 0.5]
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] }
const STANDARD = { image_mean: HALF, image_std: HALF }
const CLIP = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
}
const BILINEAR = { resample: 2 }
const BICUBIC = { resample: 3 }
const both = (n: number): ImageSize => ({ height: n, width: n })

interface Known extends PreprocessorConfig {
  /** A bare number as `size` means the shorter side. */
  shortest?: boolean
  mask?: boolean
  multiple?: number
  frames?: boolean
}

const DETR: Known = {
  ...IMAGENET,
  ...BILINEAR,
  ...{ size: { shortest_edge: 800, longest_edge: 1333 }, do_pad: true, shortest: true, mask: true },
}
const CLIP_LIKE: Known = {
  ...CLIP,
  ...BICUBIC,
  ...{ size: { shortest_edge: 224 }, crop_size: both(224), do_center_crop: true, shortest: true },
}

/** What the image processors of transformers assume; most configs leave something out. Names in lower case. */
const DEFAULTS: Record<string, Known> = {
  vit: { ...STANDARD, ...BILINEAR, size: both(224) },
  deit: { ...STANDARD, ...BICUBIC, size: both(256), do_center_crop: true, crop_size: both(224) },
  beit: { ...STANDARD, ...BICUBIC, size: both(224) },
  convnext: { ...STANDARD, ...BICUBIC, size: { shortest_edge: 384 }, shortest: true, crop_pct: 224 / 256 },
  siglip: { ...STANDARD, ...BICUBIC, size: both(224) },
  clip: CLIP_LIKE,
  llava: CLIP_LIKE,
  llavanext: {
    ...CLIP_LIKE,
    image_grid_pinpoints: [
      [336, 672],
      [672, 336],
      [672, 672],
      [1008, 336],
      [336, 1008],
    ],
    do_pad: true,
  },
  blip: { ...CLIP, ...BICUBIC, size: both(384) },
  detr: DETR,
  yolos: { ...DETR, multiple: 16 },
  conditionaldetr: DETR,
  deformabledetr: DETR,
  rtdetr: { ...IMAGENET, ...BILINEAR, size: both(640), do_normalize: false, mask: true },
  owlvit: { ...CLIP, ...BICUBIC, size: both(768), crop_size: both(768) },
  gemma3: { ...STANDARD, ...BILINEAR, size: both(224) },
  qwen2vl: { ...CLIP, ...BICUBIC, patch_size: 14, temporal_patch_size: 2, merge_size: 2 },
  videomae: {
    ...IMAGENET,
    ...BILINEAR,
    ...{
      size: { shortest_edge: 224 },
      crop_size: both(224),
      do_center_crop: true,
      shortest: true,
      frames: true,
    },
  },
}

const FALLBACK = DEFAULTS.vit as Known

/** The processor's name without what kind of class it is: `DetrFeatureExtractor` → `detr`. */
function nameOf(c: PreprocessorConfig): string {
  const type = c.image_processor_type ?? c.feature_extractor_type ?? ''
  return type.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '').toLowerCase()
}

const three = (v: number | number[], what: string): [number, number, number] => {
  const list = typeof v === 'number' ? [v, v, v] : v
  if (!Array.isArray(list) || list.length !== 3 || !list.every(Number.isFinite)) {
    throw new RangeError(`preprocessor_config.json: ${what} must be three numbers`)
  }
  return [...list] as [number, number, number]
}

function whole(v: number | undefined, what: string): number {
  if (!Number.isInteger(v) || v! < 1) {
    throw new RangeError(`preprocessor_config.json: ${what} is ${v}; it must be a whole number above 0`)
  }
  return v!
}

function pair(size: number | ImageSize | undefined, what: string): [number, number] {
  const s = typeof size === 'number' ? both(size) : size
  return [
    whole(s?.height ?? s?.shortest_edge, `${what}.height`),
    whole(s?.width ?? s?.shortest_edge, `${what}.width`),
  ]
}

function sizeOf(c: Known, known: Known): ImageSize | undefined {
  const { size } = c
  if (typeof size !== 'number') return size
  if (!known.shortest) return both(size)
  const longest = c.max_size ?? (known.mask ? 1333 : undefined)
  return longest === undefined ? { shortest_edge: size } : { shortest_edge: size, longest_edge: longest }
}

/** Qwen2-VL says it at two places, under two pairs of names. */
function pixelBounds({ size, min_pixels, max_pixels }: PreprocessorConfig): [number, number] {
  const s = typeof size === 'object' ? size : {}
  return [
    whole(min_pixels ?? s.min_pixels ?? s.shortest_edge ?? 56 * 56, 'min_pixels'),
    whole(max_pixels ?? s.max_pixels ?? s.longest_edge ?? 28 * 28 * 1280, 'max_pixels'),
  ]
}

/**
 * Of a parsed preprocessor_config.json (or processor_config.json).
 * Throws RangeError for values that can't be meant.
 */
export function imageSteps(config: PreprocessorConfig = {}): ImageSteps {
  const given = config.image_processor ?? config
  const name = nameOf(given)
  const known = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]! : FALLBACK
  const c: Known = { ...known, ...given }
  const off = c.do_normalize === false
  const scale = c.rescale_factor ?? 1 / 255
  return {
    size: c.do_resize === false ? undefined : sizeOf(c, known),
    multiple: c.multiple ?? 1,
    resample: c.resample ?? 2,
    crop: c.do_center_crop ? pair(c.crop_size ?? c.size, 'crop_size') : undefined,
    cropPct: c.crop_pct,
    rescale: c.do_rescale === false ? 1 : scale,
    mean: off ? [0, 0, 0] : three(c.image_mean ?? HALF, 'image_mean'),
    std: off ? [1, 1, 1] : three(c.image_std ?? HALF, 'image_std'),
    pad: c.do_pad === true,
    padSize: c.pad_size ? pair(c.pad_size, 'pad_size') : undefined,
    mask: known.mask === true && c.do_pad === true,
    tiles: c.image_grid_pinpoints?.map(([h, w]) => [
      whole(h, 'image_grid_pinpoints'),
      whole(w, 'image_grid_pinpoints'),
    ]),
    patches:
      c.merge_size === undefined
        ? undefined
        : {
            size: whole(c.patch_size, 'patch_size'),
            time: whole(c.temporal_patch_size ?? 2, 'temporal_patch_size'),
            merge: whole(c.merge_size, 'merge_size'),
            ...(c.do_resize !== false && { pixels: pixelBounds(given) }),
          },
    frames: c.frames === true,
  }
}
