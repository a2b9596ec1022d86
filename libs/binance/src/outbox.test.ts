import fc from 'fast-check'
import { expect, it } from 'vitest'
import { maxMessages, messageWindowMs, Outbox, type OutgoingMessage } from './outbox.ts'

const request = (text: string): OutgoingMessage => ({ kind: 'request', text })
const pong = (text: string): OutgoingMessage => ({ kind: 'pong', payload: Buffer.from(text) })

it('a pong goes before requests, and only the last ping is answered', () => {
  const outbox = new Outbox()
  for (const message of [request('a'), pong('1'), pong('2')]) outbox.put(message)
  expect([outbox.take(0), outbox.take(0), outbox.take(0)]).toEqual([pong('2'), request('a'), undefined])
  expect(outbox.isEmpty).toBe(true)
})

it('never sends more than the exchange takes in any second, and sends all in order', () => {
  const put = fc.record({ ms: fc.nat(500), count: fc.nat(8) })
  fc.assert(
    fc.property(fc.array(put), (puts) => {
      const outbox = new Outbox()
      const sentMs: number[] = []
      const texts: string[] = []
      let nowMs = 0
      let made = 0
      const send = (): void => {
        for (let message = outbox.take(nowMs); message !== undefined; message = outbox.take(nowMs)) {
          sentMs.push(nowMs)
          if (message.kind === 'request') texts.push(message.text)
        }
      }
      for (const { ms, count } of puts) {
        nowMs += ms
        for (let each = 0; each < count; each++) outbox.put(request(String(made++)))
        send()
      }
      while (!outbox.isEmpty) {
        nowMs = Math.max(nowMs, outbox.dueMs)
        send()
      }
      expect(texts).toEqual(Array.from({ length: made }, (_, index) => String(index)))
      for (const [index, timeMs] of sentMs.entries()) {
        expect(timeMs - (sentMs[index - maxMessages] ?? -Infinity)).toBeGreaterThanOrEqual(messageWindowMs)
      }
    }),
  )
})
