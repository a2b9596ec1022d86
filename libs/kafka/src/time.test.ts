import { expect, test } from 'vitest'
import { systemTime } from './time.ts'

test.each([Infinity, 2 ** 31])(
  'a wait of %s ms is one, which a signal ends: timers go off at once above 2^31 - 1',
  async (delayMs) => {
    const ended: string[] = []
    const controller = new AbortController()
    const long = systemTime.wait(delayMs, controller.signal).then(() => ended.push('long'))
    await systemTime.wait(5)
    ended.push('short')
    controller.abort()
    await long
    expect(ended).toEqual(['short', 'long'])
  },
)
