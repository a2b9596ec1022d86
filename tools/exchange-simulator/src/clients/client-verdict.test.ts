import { describe, expect, it } from 'vitest'
import { findAnswer, judgeAnswer, type ClientAnswer } from './client-verdict.ts'

const trade = (id: number) => ({ id, symbol: 'BTCUSDT', price: 1.5, quantity: 2 })
const published: ClientAnswer = { symbols: ['BTCUSDT', 'ETHUSDT'], trades: [trade(7), trade(8), trade(9)] }

describe('the answer of a client', () => {
  it('is found among lines that the client prints by itself', () => {
    const output = `connected\n${JSON.stringify(published)}\nbye\n`
    expect(findAnswer(output)).toEqual(published)
    expect(findAnswer('connected\n{"other":1}\n')).toBeUndefined()
  })

  it('is right with the symbols in any order, and fewer trades than there are by now', () => {
    const answer = { symbols: ['ETHUSDT', 'BTCUSDT'], trades: [trade(7), trade(8)] }
    expect(judgeAnswer(answer, published)).toEqual([])
  })

  it.each([
    ['without an answer', undefined],
    ['symbols', { ...published, symbols: ['BTCUSDT'] }],
    ['no trades', { ...published, trades: [] }],
    ['trade 1 is', { ...published, trades: [trade(7), trade(9)] }],
    ['trade 0 is', { ...published, trades: [{ ...trade(7), price: 1.51 }] }],
    ['trade 0 is', { ...published, trades: [{ ...trade(7), symbol: 'btcusdt' }] }],
  ])('is wrong: %s', (issue, answer) => {
    expect(judgeAnswer(answer, published)).toEqual([expect.stringContaining(issue)])
  })
})
