import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { onStopSignals } from './stop-signals.ts'

test('a signal stops once, however often it is passed on; a later one exits at once', () => {
  const source = new EventEmitter()
  const done: string[] = []
  let nowMs = 5_000
  onStopSignals(source, { stop: () => done.push('stop'), exitAtOnce: () => done.push('exit'), nowMs: () => nowMs })
  source.emit('SIGINT')
  nowMs += 1_000
  source.emit('SIGINT')
  source.emit('SIGTERM')
  expect(done).toEqual(['stop'])
  nowMs += 1
  source.emit('SIGINT')
  expect(done).toEqual(['stop', 'exit'])
})
