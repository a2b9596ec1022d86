import process from 'node:process'
import { defineConfig } from 'vitest/config'

const conditions = ['@tidemark/source', 'node', 'import', 'default']
const resolve = { conditions }
const ssr = { resolve: { conditions } }
// Global set-ups run in an environment of Vitest's own.
const environments = { __vitest__: { resolve } }
const ignored = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['{libs,apps,tools}/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          exclude: [...ignored, '**/*.integration.test.ts', '**/*.e2e.test.ts'],
          setupFiles: ['tools/verify/src/bin/property-seed.ts'],
          // For what hangs: a busy machine takes several times as long as an idle one, and many more runs of each property minutes.
          testTimeout: process.env['PROPERTY_RUNS'] === undefined ? 60_000 : 1_200_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        environments,
        test: {
          name: 'integration',
          include: ['{libs,apps,tools}/*/src/**/*.integration.test.ts'],
          globalSetup: ['tools/stack/src/vitest-global-setup.ts'],
          exclude: ignored,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          include: ['tools/*/src/**/*.e2e.test.ts'],
          exclude: ignored,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
