import process from 'node:process'

// A property that fails prints its seed: `PROPERTY_SEED=<seed> npx vitest run --project unit <file>` runs it again as it was.
const seed = process.env['PROPERTY_SEED']
if (seed !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })
}
