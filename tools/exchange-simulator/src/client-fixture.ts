import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'

export interface Received {
  readonly text: string
  readonly binary: boolean
}

/** A client that keeps all it gets; `take` waits until so many messages have come, and hands them out. */
export function connectClient(url: string, options: ClientOptions = {}) {
  const ws = new WebSocket(url, options)
  const received: Received[] = []
  let wake = () => {}
  ws.on('message', (data: Buffer, binary) => {
    received.push({ text: data.toString(), binary })
    wake()
  })
  ws.on('error', () => {})
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  const take = async (count: number): Promise<string[]> => {
    while (received.length < count) await new Promise<void>((resolve) => (wake = resolve))
    return received.splice(0, count).map(({ text }) => text)
  }
  let lastId = 0
  return {
    ws,
    received,
    take,
    opened: () => (ws.readyState === ws.OPEN ? Promise.resolve() : once(ws, 'open')),
    send: (message: object) => ws.send(JSON.stringify(message)),
    closed: () => closed,
    /** All that was sent up to now: what stands before the answer to a message. */
    async takeAll(): Promise<string[]> {
      lastId += 1
      ws.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: `all${lastId}` }))
      for (;;) {
        const answer = received.findIndex(({ text }) => text.endsWith(`"id":"all${lastId}"}`))
        if (answer >= 0) return (await take(answer + 1)).slice(0, -1)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

export type Client = ReturnType<typeof connectClient>
