import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { alert } from './alert-fixture.ts'
import { slackChannel } from './slack-channel.ts'
import { slackMessage } from './slack-message.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

const secretPath = '/services/T000/B000/hush'

/** A webhook on loopback that answers as told, and a channel to it. */
async function channelTo(answer: (request: IncomingMessage, response: ServerResponse) => unknown, timeoutMs = 10_000) {
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, channel: slackChannel({ webhookUrl: `http://127.0.0.1:${port}${secretPath}`, timeoutMs }) }
}

it('posts the message as JSON to the webhook', async () => {
  const requests: unknown[] = []
  const { channel } = await channelTo(async (request, response) => {
    requests.push({
      method: request.method,
      url: request.url,
      type: request.headers['content-type'],
      body: await json(request),
    })
    response.end('ok')
  })
  expect(await channel.post(alert)).toEqual({ ok: true })
  expect(requests).toEqual([{ method: 'POST', url: secretPath, type: 'application/json', body: slackMessage(alert) }])
})

it('reads how long Slack asks to wait, from the answer that asks and no other', async () => {
  const answers = [
    [429, { 'retry-after': '30' }],
    [503, {}],
  ] as const
  let request = 0
  const { channel } = await channelTo((_request, response) => {
    const [status, headers] = answers[request++] ?? answers[1]
    response.writeHead(status, headers).end('rate_limited')
  })
  const failure = { kind: 'transient', message: 'Slack answered 429 rate_limited', retryAfterMs: 30_000 }
  expect(await channel.post(alert)).toEqual({ ok: false, failure })
  expect(await channel.post(alert)).toEqual({
    ok: false,
    failure: { kind: 'transient', message: 'Slack answered 503 rate_limited' },
  })
})

it.each([
  [400, 'invalid_blocks'],
  [403, 'action_prohibited'],
  [404, 'no_service'],
  [410, 'channel_is_archived'],
])('takes a %i for refused, with the reason that Slack gives', async (status, reason) => {
  let requests = 0
  const { channel } = await channelTo((_request, response) => {
    requests++
    response.writeHead(status).end(reason)
  })
  expect(await channel.post(alert)).toEqual({
    ok: false,
    failure: { kind: 'refused', message: `Slack answered ${status} ${reason}` },
  })
  expect(requests).toBe(1)
})

it('takes a cut or refused connection, or no answer in time, for transient, and never tells the address', async () => {
  const cut = await channelTo((request) => request.socket.destroy())
  const late = await channelTo(() => undefined, 20)
  const gone = await channelTo(() => undefined)
  gone.server.close().closeAllConnections()
  await once(gone.server, 'close')
  for (const { channel } of [cut, late, gone]) {
    const outcome = await channel.post(alert)
    expect(outcome).toMatchObject({
      ok: false,
      failure: { kind: 'transient', message: expect.stringMatching(/^Slack can't be reached: ./) },
    })
    expect(JSON.stringify(outcome)).not.toContain('hush')
  }
})
