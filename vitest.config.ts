import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn and the C compiler hold native or very large state: one process a file, not threads.
    pool: 'forks',
  },
})
