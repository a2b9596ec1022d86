import { describe, expect, it } from 'vitest'
import { FIXTURE_START_MS, fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { readRecording } from './recording-reader.ts'
import { summariseRecording } from './recording-summary.ts'

async function summarise(content: string, symbols?: ReadonlySet<string>) {
  await using recording = await temporaryFile(content)
  return await summariseRecording(recording.file, readRecording(recording.file), symbols)
}

describe('the summary of a recording', () => {
  const content = recordingText(fixtureTrades(7))

  it('counts distinct trades by symbol, with first and last id', async () => {
    const summary = await summarise(content + content)
    expect(summary.framesTotal).toBe(14)
    expect(summary.symbols).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect(summary.trades.get('BTCUSDT')).toMatchObject({ count: 4, first: 1000, last: 1003 })
    expect(summary.trades.get('ETHUSDT')).toMatchObject({ count: 3, first: 500_000, last: 500_002 })
    expect(summary.firstEventTimeMs).toBe(FIXTURE_START_MS + 1000)
  })

  it('leaves out the symbols that were not asked for', async () => {
    const summary = await summarise(content, new Set(['ETHUSDT']))
    expect(summary).toMatchObject({
      framesTotal: 3,
      symbols: ['ETHUSDT'],
      firstReceivedAtUs: (FIXTURE_START_MS + 10) * 1000,
    })
    expect([...summary.streams]).toEqual(['ethusdt@trade'])
  })

  it('lists the symbols there are when one is asked for that is not', async () => {
    await expect(summarise(content, new Set(['DOGEUSDT']))).rejects.toThrow(
      'has no DOGEUSDT; its symbols are: BTCUSDT, ETHUSDT',
    )
  })

  it.each([
    ['{"stream":"btcusdt@trade","data":{"e":"trade",}}', 'the frame is not JSON'],
    ['{"stream":"btcusdt@trade","data":{}', 'the frame is not JSON'],
    ['{"stream":"btcusdt@trade","data":{"e":"trade","t":"1"}}', 'trade id "1" is not an integer'],
    ['{"stream":"btcusdt@trade","data":{"e":"trade","t":9007199254740993}}', 'is not an integer below 2^53'],
  ])('finds the bad payload %s and names its line', async (frame, issue) => {
    const bad = `${content}1723161254087896568 ${frame}\n`
    await expect(summarise(bad)).rejects.toThrow(/line 8: /)
    await expect(summarise(bad)).rejects.toThrow(issue)
  })

  it('refuses a recording without frames', async () => {
    await expect(summarise('')).rejects.toThrow('holds no frames')
  })
})
