import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRecordingLine } from './recording-line.ts'
import { frameBytes } from './source-frame.ts'

const frame = '{"stream":"btcusdt@trade","data":{"e":"trade","t":1}}'

describe('a line of a recording', () => {
  it('keeps frame, stream and payload byte for byte, whatever they hold', () => {
    const stream = fc.stringMatching(/^[a-z0-9!_+:@é币]{1,20}$/u)
    const time = fc.integer({ min: 1_000_000_000_000_000, max: 4_000_000_000_000_000 })
    fc.assert(
      fc.property(stream, fc.dictionary(fc.string(), fc.jsonValue()), time, (name, payload, timeUs) => {
        const data = JSON.stringify(payload)
        const text = `{"stream":"${name}","data":${data}}`
        const parsed = parseRecordingLine(Buffer.from(`${timeUs} ${text}`))
        expect(parsed.ok).toBe(true)
        if (!parsed.ok) return
        expect(parsed.frame.stream).toBe(name)
        expect(parsed.frame.receivedAtUs).toBe(timeUs)
        expect(frameBytes(parsed.frame, true).toString()).toBe(text)
        expect(frameBytes(parsed.frame, false).toString()).toBe(data)
      }),
    )
  })

  it.each([
    ['1723161254087896568', 1723161254087896],
    ['1723161254087896', 1723161254087896],
  ])('takes the receive time %s by its magnitude', (time, expectedUs) => {
    expect(parseRecordingLine(Buffer.from(`${time} ${frame}`))).toMatchObject({ frame: { receivedAtUs: expectedUs } })
  })

  it.each([
    ['', 'no space'],
    [frame, 'no space'],
    [`1723161254087 ${frame}`, 'neither in ns nor in µs'],
    [`yesterday ${frame}`, '"yesterday" is neither'],
    [`1723161254087896568 {"e":"trade"}`, 'not a combined-stream frame'],
    [`1723161254087896568 {"stream":"","data":{}}`, 'not a combined-stream frame'],
    [`1723161254087896568 ${frame.slice(0, -3)}`, 'not a combined-stream frame'],
    [`1723161254087896568 ${frame} `, 'not a combined-stream frame'],
  ])('says what is wrong with %j', (line, issue) => {
    const parsed = parseRecordingLine(Buffer.from(line))
    expect(parsed).toMatchObject({ ok: false, issue: expect.stringContaining(issue) as string })
  })
})
