import { UnknownSymbolsError } from '@tidemark/binance'
import { expect, it } from 'vitest'
import { SymbolChecker } from './symbol-checker.ts'

const unknown = new UnknownSymbolsError([{ symbol: 'BTCUSD', near: ['BTCUSDT'] }], 'https://exchange')

/** A checker of an exchange that gives these answers, with the pauses that it waits for. */
function checkerOf(...answers: readonly (boolean | Error)[]) {
  const left = [...answers]
  const asked: string[] = []
  const errors: string[] = []
  const pauses: (() => void)[] = []
  const checker = new SymbolChecker({
    require: async (symbols) => {
      asked.push(symbols.join())
      const answer = left.shift()
      if (answer instanceof Error) throw answer
      return answer ?? true
    },
    pause: () => new Promise((resolve) => pauses.push(resolve)),
    logger: { info: () => undefined, error: ({ err }: { err: Error }) => errors.push(err.message) } as never,
  })
  const pass = async (): Promise<void> => {
    pauses.shift()?.()
    await new Promise(setImmediate)
  }
  return { checker, asked, errors, pauses, pass }
}

it('an exchange that is away at the start is asked until it answers; what it has not is an error then, and a figure', async () => {
  const { checker, asked, errors, pauses, pass } = checkerOf(false, false, unknown)
  await checker.check(['BTCUSD'])
  await pass()
  expect([asked.length, checker.problem]).toEqual([2, undefined])
  await pass()
  expect(asked).toEqual(['BTCUSD', 'BTCUSD', 'BTCUSD'])
  expect(errors).toEqual(['https://exchange has no BTCUSD (did you mean BTCUSDT?)'])
  expect(checker.problem?.symbols).toHaveLength(1)
  expect(pauses).toEqual([])
  await checker.check(['BTCUSDT'])
  expect(checker.problem).toBeUndefined()
})

it('is not asked again after it has answered, nor for symbols that have changed, nor after the end', async () => {
  const answered = checkerOf(true)
  await answered.checker.check(['A'])
  expect(answered.pauses).toEqual([])

  const changed = checkerOf(false, true)
  await changed.checker.check(['A'])
  await changed.checker.check(['B'])
  await changed.pass()
  expect(changed.asked).toEqual(['A', 'B'])

  const stopped = checkerOf(false)
  await stopped.checker.check(['A'])
  stopped.checker.stop()
  await stopped.pass()
  expect(stopped.asked).toEqual(['A'])
})

it('symbols that are refused leave those before them, and their question, as they are', async () => {
  const { checker, asked, pass } = checkerOf(false, unknown, true)
  await checker.check(['A'])
  await expect(checker.check(['BTCUSD'])).rejects.toBe(unknown)
  expect(checker.problem).toBeUndefined()
  await pass()
  expect(asked).toEqual(['A', 'BTCUSD', 'A'])
})
