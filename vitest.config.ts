import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn and the C compiler hold native or very large state: one process a file, not threads.
    pool: 'forks',
    // By default one core is left to the terminal; half the tests wait for other processes.
    maxWorkers: 2,
  },
})
