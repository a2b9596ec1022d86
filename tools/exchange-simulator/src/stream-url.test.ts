import { describe, expect, it } from 'vitest'
import { MAX_STREAMS, parseStreamUrl } from './stream-url.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}@trade`)

describe('the address of a connection', () => {
  it.each([
    ['/ws', [], false],
    ['/ws/', [], false],
    ['/ws/0', ['0'], false],
    ['/ws/btcusdt@trade', ['btcusdt@trade'], false],
    ['/ws/btcusdt@trade/ethusdt@kline_1m', ['btcusdt@trade', 'ethusdt@kline_1m'], false],
    ['/stream', [], true],
    ['/stream?streams=', [], true],
    ['/stream?streams=a@trade/b@trade/a@trade', ['a@trade', 'b@trade'], true],
    ['/stream?streams=a%40trade%2Fb%40trade', ['a@trade', 'b@trade'], true],
    ['/stream?streams=a@kline_1d@+08:00', ['a@kline_1d@+08:00'], true],
    ['/stream?streams=%E5%B8%81usdt@trade', ['币usdt@trade'], true],
  ])('%s asks for %j', (url, streams, combined) => {
    expect(parseStreamUrl(url)).toEqual({ ok: true, opening: { streams, combined, timeUnit: undefined } })
  })

  it.each(['MICROSECOND', 'microsecond'])('takes the time unit %s on either path', (unit) => {
    expect(parseStreamUrl(`/ws/a@trade?timeUnit=${unit}`)).toMatchObject({ opening: { timeUnit: 'MICROSECOND' } })
    expect(parseStreamUrl(`/stream?streams=a&timeUnit=${unit}`)).toMatchObject({ opening: { timeUnit: 'MICROSECOND' } })
  })

  it('takes 1,024 streams and refuses one more', () => {
    expect(parseStreamUrl(`/stream?streams=${names(MAX_STREAMS).join('/')}`)).toMatchObject({ ok: true })
    expect(parseStreamUrl(`/stream?streams=${names(MAX_STREAMS + 1).join('/')}`)).toMatchObject({
      ok: false,
      status: 400,
    })
    expect(parseStreamUrl(`/ws/${names(MAX_STREAMS + 1).join('/')}`)).toMatchObject({ ok: false, status: 400 })
  })

  it.each([
    ['/', 404],
    ['/other', 404],
    ['/ws/a?timeUnit=SECOND', 400],
    ['/stream?streams=%E5', 400],
  ])('%s is refused with %i', (url, status) => {
    expect(parseStreamUrl(url)).toMatchObject({ ok: false, status })
  })
})
