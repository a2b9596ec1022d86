import { expect, test, vi } from 'vitest'
import { SideAct } from './side-act.ts'

test('an act that fails while nobody waits for it is told to who looks next, and to who waits for the end', async () => {
  const side = new SideAct()
  side.start(() => Promise.reject(new Error('the broker has not come back')))
  expect(side.isUnderWay).toBe(true)
  // An unhandled rejection would end the process here.
  await vi.waitFor(() => expect(side.isUnderWay).toBe(false))
  expect(() => side.throwIfFailed()).toThrow('the broker has not come back')
  await expect(side.end()).rejects.toThrow('the broker has not come back')
})

test('the end waits for an act that is under way, and for its failure', async () => {
  const side = new SideAct()
  const { promise, resolve } = Promise.withResolvers<void>()
  side.start(() => promise)
  side.throwIfFailed()
  let ended = false
  const end = side.end().then(() => (ended = true))
  await Promise.resolve()
  expect([side.isUnderWay, ended]).toEqual([true, false])
  resolve()
  await end
  expect(side.isUnderWay).toBe(false)

  const failing = Promise.withResolvers<void>()
  side.start(() => failing.promise)
  const refused = expect(side.end()).rejects.toThrow('no start')
  failing.reject(new Error('no start'))
  await refused
})
