import { describe, expect, test } from 'vitest'
import { closingLine, tallyOfExit, tallyOfVitest, total } from './tally.ts'

const report = (over: object = {}) =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
    ...over,
  })

describe('the tally of a Vitest run', () => {
  test('has its passed, failed and skipped tests', () => {
    expect(tallyOfVitest(report(), 0)).toEqual({ passed: 3, failed: 0, skipped: 1 })
    expect(tallyOfVitest(report({ numFailedTests: 2 }), 1)).toEqual({ passed: 3, failed: 2, skipped: 1 })
  })

  test('counts a file that failed outside its tests', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'passed' }] }]
    expect(tallyOfVitest(report({ testResults }), 1).failed).toBe(1)
  })

  test('counts a run that failed without a failing test, one without tests, and one without a report', () => {
    expect(tallyOfVitest(report(), 1).failed).toBe(1)
    expect(tallyOfVitest(report({ numPassedTests: 0 }), 0).failed).toBe(1)
    expect(tallyOfVitest(undefined, 0).failed).toBe(1)
  })
})

test('a command is one check', () => {
  expect([tallyOfExit(0), tallyOfExit(2), tallyOfExit(undefined)].map(({ failed }) => failed)).toEqual([0, 1, 1])
})

test('the closing line adds all up, and names skipped ones only where there are any', () => {
  expect(closingLine(total([tallyOfExit(0), tallyOfExit(0)]))).toBe('2 passed, 0 failed')
  expect(closingLine(total([tallyOfExit(1), tallyOfVitest(report(), 0)]))).toBe('3 passed, 1 failed, 1 skipped')
})
