import { expect, it } from 'vitest'
import { StopRequestedError, unlessStopped } from './unless-stopped.ts'

const never = new Promise<never>(() => undefined)

it('passes on what comes of the work', async () => {
  const { signal } = new AbortController()
  expect(await unlessStopped(Promise.resolve(1), { signal })).toBe(1)
  await expect(unlessStopped(Promise.reject(new Error('no')), { signal })).rejects.toThrow('no')
})

it('gives up a pause as soon as a stop is asked for', async () => {
  const stop = new AbortController()
  const waiting = unlessStopped(never, { signal: stop.signal })
  stop.abort()
  await expect(waiting).rejects.toThrow(StopRequestedError)
})

it('waits for what is under way', async () => {
  const stop = new AbortController()
  const work = Promise.withResolvers<string>()
  const waiting = unlessStopped(work.promise, { signal: stop.signal, pausing: () => false })
  stop.abort()
  work.resolve('done')
  expect(await waiting).toBe('done')
})
