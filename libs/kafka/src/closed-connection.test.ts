import { expect, onTestFinished, test } from 'vitest'
import { heartbeatCall } from './protocol/heartbeat.ts'
import { FAR_BEYOND_THE_TEST_MS, socketBroker } from './socket-broker-fixture.ts'

/** A client of a broker that answers nothing, or all until it is told not to. */
async function broker(options: { isSilent: boolean; ssl?: boolean }) {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const state = { isAnswering: !options.isSilent }
  const { client } = await socketBroker({
    ...options,
    onEnd: onTestFinished,
    timeoutMs: FAR_BEYOND_THE_TEST_MS,
    answer: (answer, socket) => {
      resolve()
      if (state.isAnswering) socket.write(answer)
    },
  })
  const beat = () => client.send(heartbeatCall({ groupId: 'g', memberId: 'm', generation: 1 }))
  const refused = () => expect(beat()).rejects.toMatchObject({ code: 'broker-unavailable', retriable: true })
  return { client, asked, beat, refused, state }
}

test.each([
  ['is not told what its broker serves', { isSilent: true }],
  ['waits for the handshake of TLS', { isSilent: true, ssl: true }],
])('a connection that %s is closed at once, and what waits for it fails', async (_, options) => {
  const { client, asked, refused } = await broker(options)
  const failure = refused()
  await asked
  await client.close()
  await failure
})

const TURNS = 16

test('so is one at whatever turn of its opening, and it is not opened any more', async () => {
  for (let turns = 0; turns < TURNS; turns++) {
    const { client, refused } = await broker({ isSilent: true })
    const failure = refused()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await client.close()
    await failure
  }
})

test('a request fails at whatever turn of its sending its connection is closed', async () => {
  for (let turns = 0; turns < TURNS; turns++) {
    const { client, beat, refused, state } = await broker({ isSilent: false })
    expect(await beat()).toBe(0)
    state.isAnswering = false
    const failure = refused()
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await client.close()
    await failure
  }
})
