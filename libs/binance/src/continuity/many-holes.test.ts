import type { TradeGap } from '@tidemark/schemas'
import { expect, test } from 'vitest'
import { defaultRatePolicy, freshRateBudget, settleWeight, spendWeight } from '../rest/rate-budget.ts'
import { TradeHistoryError } from '../trade-history.ts'
import { Continuity, type HistoryRequest } from './continuity.ts'
import { defaultContinuityLimits } from './continuity-limits.ts'
import { tradeOf } from './exchange-fixture.ts'

const policy = defaultRatePolicy
/** Of one request for a symbol's past trades, and of one for the newest ids of all. */
const pageWeight = 25
const checkWeight = 81
const tickMs = 100

test('1,000 symbols that all missed trades while the producer was down are filled, though the budget takes minutes for it', () => {
  const symbols = Array.from({ length: 1_000 }, (_unused, index) => `S${index}`)
  const missed = 500
  const gaps: TradeGap[] = []
  let trades = 0
  const continuity = new Continuity({
    limits: defaultContinuityLimits,
    hasHistory: true,
    output: {
      trade: () => trades++,
      gap: (gap) => gaps.push(gap),
      rejected: () => undefined,
      heartbeat: () => undefined,
      wentBack: () => undefined,
    },
  })
  for (const symbol of symbols) continuity.add(symbol, { tradeId: 0, timeMs: 0 })
  let nowMs = 0
  let budget = freshRateBudget
  continuity.connected(1, symbols, nowMs)
  continuity.subscribed(1, nowMs)

  const isAllowed = (request: HistoryRequest): boolean => {
    const weight = request.kind === 'page' ? pageWeight : checkWeight
    const decision = spendWeight(budget, weight, { nowMs, policy })
    if (decision.kind === 'wait') {
      const retryAfterMs = decision.untilMs - nowMs
      continuity.failed(request, new TradeHistoryError('rate-limited', 'spent', { retryAfterMs }), nowMs)
      return false
    }
    budget = settleWeight(decision.budget, { weight }, { nowMs, policy })
    return true
  }
  const answer = (request: HistoryRequest): void => {
    if (request.kind === 'check') {
      const lastTrades = new Map(symbols.map((symbol) => [symbol, { id: missed, timeMs: nowMs }]))
      return continuity.checkArrived(request, { serverTimeMs: nowMs, lastTrades }, nowMs)
    }
    const { symbol, fromId } = request
    const page = Array.from({ length: missed - fromId + 1 }, (_unused, index) => tradeOf(symbol, fromId + index))
    continuity.pageArrived(request, { trades: page, rejected: [], completeFromId: fromId }, nowMs)
  }
  for (; nowMs < 10 * 60_000; nowMs += tickMs) {
    for (let request = continuity.nextRequest(nowMs); request; request = continuity.nextRequest(nowMs)) {
      if (isAllowed(request)) answer(request)
    }
  }

  expect(trades).toBe(symbols.length * missed)
  expect(new Set(gaps.map(({ status }) => status))).toEqual(new Set(['open', 'filled']))
  expect(gaps.filter(({ status }) => status === 'filled')).toHaveLength(symbols.length)
})
