/** A preset: a model's configuration as its config.json has it, without weights. */
export type Preset = Record<string, unknown>
