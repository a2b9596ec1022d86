import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { FeedBatch, FeedItem } from './feed-buffer.ts'

/** A trade as the exchange's combined stream sends it. */
export const frame = (id: number, symbol = 'BTCUSDT'): string =>
  `{"stream":"${symbol.toLowerCase()}@trade","data":{"e":"trade","E":1000,"s":"${symbol}","t":${id},"p":"1.5","q":"2.5","T":1000,"m":true,"M":true}}`

export async function listen(port: number): Promise<WebSocketServer> {
  const listening = new WebSocketServer({ port, host: '127.0.0.1' })
  await once(listening, 'listening')
  return listening
}

export async function shut(listening: WebSocketServer): Promise<void> {
  for (const client of listening.clients) client.terminate()
  await new Promise((resolve) => listening.close(resolve))
}

export const portOf = (listening: WebSocketServer): number => (listening.address() as AddressInfo).port

/** The next connection. */
export async function accepts(server: WebSocketServer): Promise<{ readonly socket: WebSocket; readonly path: string }> {
  const [socket, request] = (await once(server, 'connection')) as [WebSocket, { url: string }]
  return { socket, path: request.url }
}

/** Reads batches until there are `count` items. */
export async function take(feed: AsyncIterator<FeedBatch, void>, count: number): Promise<FeedItem[]> {
  const items: FeedItem[] = []
  while (items.length < count) {
    const next = await feed.next()
    if (next.done === true) throw new Error(`the feed ended after ${items.length} items`)
    items.push(...next.value.items)
  }
  return items
}

export const idOf = (item: FeedItem): number | string =>
  item.kind === 'trade' ? item.trade.trade_id : item.kind === 'rejected' ? item.code : item.kind
