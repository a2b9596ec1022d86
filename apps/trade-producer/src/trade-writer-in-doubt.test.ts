import type { FeedItem } from '@tidemark/binance'
import { StreamsError } from '@tidemark/streams'
import { beforeEach, describe, expect, it } from 'vitest'
import { trade, WriterFixture } from './trade-writer-fixture.ts'
import type { TradeWriter } from './trade-writer.ts'

let fixture: WriterFixture
let writer: TradeWriter

beforeEach(() => {
  fixture = new WriterFixture()
})

const write = async (...items: readonly FeedItem[]): Promise<void> => {
  for (const item of items) writer.add(item)
  await writer.commit()
}

describe('a writer that does not know whether its transaction is committed', () => {
  /** It has committed up to trade 10 of two symbols, and hears nothing of the commit of trade 11 of one. */
  const inDoubt = async (reaches: boolean): Promise<void> => {
    writer = fixture.failing(reaches, 2)
    await writer.open()
    await write(trade(10), trade(10, 'ETHUSDT'))
    writer.add(trade(11))
    await expect(writer.commit()).rejects.toThrow('no answer')
  }
  const another = async (shard: number, ...items: readonly FeedItem[]): Promise<TradeWriter> => {
    const next = fixture.writer({ producer: fixture.producer(shard) })
    await next.open()
    for (const item of items) next.add(item)
    await next.commit()
    return next
  }
  const fenced = { code: 'fenced', retriable: false }

  it.each([
    [false, [trade(11), trade(12)]],
    [true, [trade(12)]],
  ])('writes nothing where another has written on (taken: %s)', async (reaches, items) => {
    await inDoubt(reaches)
    await another(0, ...items)
    await expect(writer.commit()).rejects.toMatchObject({
      ...fenced,
      message: expect.stringContaining(
        'BTCUSDT: committed here up to trade 10, but its position is 12: another',
      ) as string,
    })
    expect(fixture.tradeIds().toSorted()).toEqual([10, 10, 11, 12])
    expect((await fixture.writer().open()).get('BTCUSDT')?.trade_id).toBe(12)
  })

  it('writes nothing where it was a send that failed, and another has written', async () => {
    const producer = fixture.producer()
    const send = () => Promise.reject(new StreamsError('broker-unavailable', 'no answer', { retriable: true }))
    writer = fixture.writer({ producer: { ...producer, send } })
    await writer.open()
    writer.add(trade(1))
    await writer.send()
    await another(0, trade(1), trade(2))
    await expect(writer.commit()).rejects.toThrow('no answer')
    await expect(writer.commit()).rejects.toMatchObject(fenced)
    expect(fixture.tradeIds()).toEqual([1, 2])
  })

  it.each([true, false])(
    'writes nothing where another has written of symbols that have no part in it (taken: %s)',
    async (reaches) => {
      await inDoubt(reaches)
      await another(0, trade(11, 'ETHUSDT'))
      await expect(writer.commit()).rejects.toMatchObject(fenced)
      expect(fixture.tradeIds().filter((id) => id === 11)).toHaveLength(reaches ? 2 : 1)
    },
  )

  it('writes nothing where only a part of its positions is found', async () => {
    writer = fixture.failing(false)
    await writer.open()
    writer.add(trade(1))
    writer.add(trade(9, 'ETHUSDT'))
    await expect(writer.commit()).rejects.toThrow('no answer')
    await another(0, trade(1))
    await expect(writer.commit()).rejects.toMatchObject(fenced)
    expect(fixture.tradeIds()).toEqual([1])
  })

  it.each([true, false])(
    'lets other shards write theirs, such as a symbol that it gave up (taken: %s)',
    async (taken) => {
      await inDoubt(taken)
      fixture.symbols = ['BTCUSDT']
      await another(1, trade(11, 'ETHUSDT'), trade(5, 'BNBUSDT'))
      await writer.commit()
      await write(trade(12))
      expect(fixture.tradeIds().toSorted()).toEqual([10, 10, 11, 11, 12, 5])
      expect(writer.figures.produced).toBe(4)
    },
  )

  it('does not go on where a symbol was given to it that another has written since it began', async () => {
    await inDoubt(false)
    fixture.symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT']
    await another(1, trade(5, 'BNBUSDT'))
    await expect(writer.commit()).rejects.toMatchObject(fenced)
  })

  it('goes on where another has taken over and has written nothing', async () => {
    await inDoubt(false)
    const next = await another(0)
    await writer.commit()
    expect(fixture.tradeIds().toSorted()).toEqual([10, 10, 11])
    next.add(trade(11))
    await expect(next.commit()).rejects.toMatchObject(fenced)
  })
})
