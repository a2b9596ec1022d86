import { expect, onTestFinished, test } from 'vitest'
import { heartbeatCall } from './protocol/heartbeat.ts'
import { socketBroker, type SocketAnswer } from './socket-broker-fixture.ts'

/** A client of a broker of which `heartbeat` writes the answer, on which connection, counted from 1, it came. */
async function broker(heartbeat: SocketAnswer) {
  const { client, connections } = await socketBroker({ onEnd: onTestFinished, answer: heartbeat, timeoutMs: 1_000 })
  const beat = () => client.send(heartbeatCall({ groupId: 'g', memberId: 'm', generation: 1 }))
  return { beat, connections }
}

const LOST = { code: 'broker-unavailable', retriable: true }

test('after an answer that is cut off in its middle, the next connection is read from its beginning', async () => {
  const { beat, connections } = await broker((answer, socket, connection) => {
    if (connection === 1) socket.end(answer.subarray(0, 6))
    else socket.write(answer)
  })
  await expect(beat()).rejects.toMatchObject(LOST)
  await expect(beat()).resolves.toBe(0)
  expect(connections()).toBe(2)
})

test('a connection that has gone silent fails one request, and is replaced', async () => {
  const { beat, connections } = await broker((answer, socket, connection) => {
    if (connection > 1) socket.write(answer)
  })
  await expect(beat()).rejects.toMatchObject(LOST)
  await expect(beat()).resolves.toBe(0)
  expect(connections()).toBe(2)
})
