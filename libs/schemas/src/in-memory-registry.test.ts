import { expect, test } from 'vitest'
import { inMemoryRegistry } from './in-memory-registry.ts'
import { recordSchemas } from './record-schemas.ts'

test('starts as the stack leaves a real one, with the schema of every topic', async () => {
  const registry = inMemoryRegistry()
  const id = await registry.idOf('binance-trades-value', 'Trade')
  expect((await registry.schemaById(id))?.name).toBe('tidemark.Trade')
  expect(await registry.idOf('binance-trades-late-value', 'Trade')).toBe(id)
  await expect(registry.idOf('binance-trades-value', 'Alert')).rejects.toMatchObject({ code: 'not-registered' })
})

test('can start empty, and gives a schema one id however often it comes', async () => {
  const registry = inMemoryRegistry({ prepared: false })
  await expect(registry.idOf('alerts-value', 'Alert')).rejects.toThrow(/prepare step/)
  const id = await registry.register('alerts-value', 'Alert')
  expect(await registry.register('alerts-value', 'Alert')).toBe(id)
  expect(registry.add(recordSchemas.Alert)).toBe(id)
  expect(await registry.schemaById(id + 1)).toBeUndefined()
})

test('remembers the compatibility level', async () => {
  const registry = inMemoryRegistry()
  expect(registry.compatibility).toBe('NONE')
  await registry.setCompatibility('BACKWARD_TRANSITIVE')
  expect(registry.compatibility).toBe('BACKWARD_TRANSITIVE')
})
