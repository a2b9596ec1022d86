import { describe, expect, it } from 'vitest'
import { RestError } from './rest-error.ts'
import type { SymbolInfo } from './rest-rows.ts'
import { checkSymbols, requireSymbols } from './symbol-check.ts'

const info = (baseAsset: string, quoteAsset: string, status = 'TRADING'): SymbolInfo => ({
  symbol: baseAsset + quoteAsset,
  status,
  baseAsset,
  quoteAsset,
})

const known: readonly SymbolInfo[] = [
  info('BTC', 'EUR'),
  info('BTC', 'USDC'),
  info('BTC', 'USDT'),
  info('BTC', 'USDS', 'BREAK'),
  info('ETH', 'BTC'),
  info('ETH', 'USDC'),
  info('ETH', 'USDT'),
  info('BNB', 'USDT'),
  info('LUNA', 'USDT', 'HALT'),
  info('币安', 'USDT'),
]

const nearOf = (symbol: string): readonly string[] => checkSymbols([symbol], known).unknown[0]?.near ?? []

describe('a check of symbols', () => {
  it('finds nothing wrong with those that the exchange trades', () => {
    expect(checkSymbols(['BTCUSDT', '币安USDT'], known)).toEqual({ unknown: [], idle: [] })
  })

  it('names near ones for one that does not exist: the fewest edits first, then what is traded, then the commoner quote', () => {
    expect(nearOf('BTCUSD')).toEqual(['BTCUSDT', 'BTCUSDC', 'BTCUSDS'])
    expect(nearOf('BTCUDST')).toContain('BTCUSDT')
    expect(nearOf('ETHUSTD')).toContain('ETHUSDT')
  })

  it('takes a base asset alone, lower case and separators for what they mean', () => {
    expect(nearOf('BTC')).toEqual(['BTCUSDT', 'BTCUSDC', 'BTCEUR'])
    expect(nearOf('eth-usdt')[0]).toBe('ETHUSDT')
    expect(nearOf('ETH/USDT')[0]).toBe('ETHUSDT')
  })

  it('names none where nothing is like it', () => {
    expect(nearOf('XXXXXXXXXX')).toEqual([])
  })

  it('tells apart what exists and is not traded', () => {
    expect(checkSymbols(['LUNAUSDT'], known)).toEqual({ unknown: [], idle: [info('LUNA', 'USDT', 'HALT')] })
  })
})

describe('required symbols', () => {
  const url = 'https://api.binance.com'
  let isAnswered: boolean
  const require = async (symbols: readonly string[], failure?: Error): Promise<string[]> => {
    const warnings: string[] = []
    const exchangeInfo = async () => {
      if (failure !== undefined) throw failure
      return { serverTimeMs: 0, symbols: known }
    }
    const logger = { warn: (_fields: object, text: string) => warnings.push(text) }
    isAnswered = await requireSymbols({ url, exchangeInfo }, symbols, { logger })
    return warnings
  }

  it('that are unknown are an error that names all of them, and near ones', async () => {
    await expect(require(['BTCUSD', 'BTCUSDT', 'BNBUSD', 'XXXXXXXXXX'])).rejects.toThrow(
      'https://api.binance.com has no BTCUSD (did you mean BTCUSDT, BTCUSDC or BTCUSDS?), ' +
        'and no BNBUSD (did you mean BNBUSDT?), and no XXXXXXXXXX (nor anything like it)',
    )
  })

  it('that are not traded are told', async () => {
    expect(await require(['LUNAUSDT', 'BTCUSDT'])).toEqual(['LUNAUSDT is not traded now: its status is HALT'])
    expect(isAnswered).toBe(true)
  })

  it('of an exchange that can not be asked are taken as they are, and that is told', async () => {
    const warnings = await require(['BTCUSD'], new RestError('unavailable', 'nothing listens there'))
    expect(warnings).toEqual(['the symbols could not be checked: nothing listens there'])
    expect(isAnswered).toBe(false)
    await expect(require(['BTCUSD'], new Error('a bug'))).rejects.toThrow('a bug')
  })
})
