/** The table of ONNX operators that wgc knows, by name; other domains' with theirs before it. */
import type { Mapping } from '../values.js'
import { elementwise } from './elementwise.js'
import { movement } from './movement.js'

export const mappings: Readonly<Record<string, Mapping>> = { ...elementwise, ...movement }
