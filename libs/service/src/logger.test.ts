import { expect, it } from 'vitest'
import { createLogger } from './logger.ts'

function linesOf(
  write: (logger: ReturnType<typeof createLogger>) => void,
  level?: 'info' | 'warn',
): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  write(createLogger({ name: 'sink', ...(level !== undefined && { level }), destination }))
  return lines
}

it('writes one JSON object a line, with the level as a word and the time in UTC', () => {
  const [line] = linesOf((logger) => logger.info({ partition: 3 }, 'assigned'))
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    name: 'sink',
    partition: 3,
    msg: 'assigned',
  })
})

it('leaves out what is below its level', () => {
  expect(linesOf((logger) => logger.info('quiet'), 'warn')).toEqual([])
})

it('hides fields that are named like a secret, two levels deep', () => {
  const lines = linesOf((logger) =>
    logger.info({ token: 'abc', kafka: { sasl: { password: 'abc' } }, http: { headers: { authorization: 'abc' } } }),
  )
  expect(JSON.stringify(lines)).not.toContain('abc')
})

it('writes an error with its type, message and stack', () => {
  const [line] = linesOf((logger) => logger.error({ err: new RangeError('too far') }, 'failed'))
  expect(line).toMatchObject({
    err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('too far') },
  })
})
