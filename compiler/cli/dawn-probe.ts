/** A process that `probeDawn` starts. */
import { printProbe } from './dawn.js'

await printProbe()
