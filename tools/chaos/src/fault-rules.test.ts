import { FaultRules, kafkaApis, seededChance, type KafkaApi } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { faultRules, faultRulesOfTurn, neverStruck } from './fault-rules.ts'

/** What of so many requests of an API, and their answers, meets with a fault. */
function sweep(api: KafkaApi, count: number, turn?: number) {
  const rules = new FaultRules(seededChance(1))
  for (const rule of [...(turn === undefined ? [] : faultRulesOfTurn(turn)), ...faultRules()]) rules.add(rule)
  for (let request = 0; request < count; request++) {
    for (const on of ['request', 'response'] as const) rules.decide({ on, apiKey: kafkaApis[api], clientId: null })
  }
  return { requests: { [api]: count }, faults: rules.counts }
}

test('three turns in a row have every kind of fault, whatever is sent, where chance alone has not', () => {
  for (const first of [0, 1, 2, 3, 4, 5]) {
    const turns = [first, first + 1, first + 2]
    expect(neverStruck(turns.map((turn) => sweep('EndTxn', 10, turn)))).toEqual([])
    expect(neverStruck(turns.map((turn) => sweep('CreateTopics', 2, turn)))).toEqual([])
  }
  expect(neverStruck([sweep('EndTxn', 10)])).toContain('EndTxn dropped')
})

test('what is sent and has no rules is never struck', () => {
  expect(neverStruck([sweep('DeleteTopics', 10, 1), sweep('Fetch', 10_000)])).toEqual([
    'DeleteTopics cut off',
    'DeleteTopics dropped',
    'DeleteTopics late at the broker',
    'DeleteTopics answered, not heard',
    'DeleteTopics answered late',
    'DeleteTopics answered, dropped',
    'DeleteTopics answered, silent from there on',
  ])
})
