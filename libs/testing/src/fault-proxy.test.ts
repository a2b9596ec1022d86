import { expect, it, onTestFinished } from 'vitest'
import type { BrokerAddress } from './advertised-addresses.ts'
import { startFaultProxy, type FaultProxyOptions } from './fault-proxy.ts'
import type { Fault } from './fault-rules.ts'
import { kafkaApis } from './kafka-apis.ts'
import { bytes, int16, int32, metadata, request } from './kafka-bytes-fixture.ts'
import { correlationIdOf } from './kafka-frames.ts'
import { loopbackBroker, loopbackClient } from './loopback-broker-fixture.ts'

const { ApiVersions, Heartbeat, Metadata, Produce } = kafkaApis

const addressIn = (bootstrapServers: string): BrokerAddress => {
  const [host = '', port] = bootstrapServers.split(':')
  return { host, port: Number(port) }
}
const heartbeat = (correlationId: number): Buffer => request({ apiKey: Heartbeat, correlationId })
/** Every request is answered with its correlation id and its own bytes. */
const echo = (asked: Buffer): Buffer => Buffer.concat([asked.subarray(4, 8), asked])
const idsOf = (frames: readonly Buffer[]): number[] => frames.map(correlationIdOf)
const askedIds = (frames: readonly Buffer[]): number[] => frames.map((frame) => frame.readInt32BE(4))

async function brokerOf(answer: (asked: Buffer) => Buffer | undefined) {
  const broker = await loopbackBroker(answer)
  onTestFinished(broker.close)
  return broker
}

async function clientOf(address: BrokerAddress) {
  const client = await loopbackClient(address)
  onTestFinished(client.close)
  return client
}

async function behindProxy(
  options: Partial<FaultProxyOptions> = {},
  answer: (asked: Buffer) => Buffer | undefined = echo,
) {
  const broker = await brokerOf(answer)
  const faults: Fault[] = []
  const proxy = await startFaultProxy({
    brokers: `127.0.0.1:${broker.address.port}`,
    onFault: (fault) => faults.push(fault),
    ...options,
  })
  onTestFinished(() => proxy.close())
  const client = await clientOf(addressIn(proxy.bootstrapServers))
  return { broker, proxy, client, faults }
}

it('hands on what both sides say, byte for byte and in order, and counts it', async () => {
  const { broker, proxy, client } = await behindProxy()
  const large = Buffer.concat([
    request({ apiKey: Produce, apiVersion: 8, correlationId: 2 }),
    Buffer.alloc(3_000_000, 7),
  ])
  const requests = [heartbeat(1), large, heartbeat(3)]
  client.send(...requests)
  const answers = await client.answers.untilFrames(3)
  expect(broker.asked.frames.map((frame, index) => frame.equals(requests[index]!))).toEqual([true, true, true])
  expect(answers.map((frame, index) => frame.equals(echo(requests[index]!)))).toEqual([true, true, true])
  expect(proxy.stats()).toEqual({
    connections: 1,
    requests: { Heartbeat: 2, Produce: 1 },
    responses: { Heartbeat: 2, Produce: 1 },
    faults: {},
    refused: [],
  })
})

it('finds its way past requests that want no answer', async () => {
  const { client } = await behindProxy({}, (asked) => (asked.readInt16BE(0) === Produce ? undefined : echo(asked)))
  client.send(request({ apiKey: Produce, apiVersion: 8, correlationId: 1 }), heartbeat(2), heartbeat(3))
  expect(idsOf(await client.answers.untilFrames(2))).toEqual([2, 3])
})

it('keeps clients behind it: each broker they learn of is reached through a door of its own', async () => {
  const second = await brokerOf(echo)
  const brokers: BrokerAddress[] = []
  const { proxy, client, broker } = await behindProxy({}, (asked) => metadata(8, asked.readInt32BE(4), brokers))
  brokers.push(broker.address, second.address)
  client.send(request({ apiKey: Metadata, apiVersion: 8, correlationId: 1 }))
  client.send(request({ apiKey: Metadata, apiVersion: 8, correlationId: 2 }))
  const [first, again] = await client.answers.untilFrames(2)
  expect(again?.subarray(4)).toEqual(first?.subarray(4))
  const own = addressIn(proxy.bootstrapServers)
  const portAt = metadata(8, 1, [own]).length - 'r'.length - 2 - 4 - 4
  expect(first?.readInt32BE(portAt)).toBe(own.port)
  const secondDoor = { host: '127.0.0.1', port: first!.readInt32BE(first!.length - 4 - 3 - 4) }
  expect([own.port, second.address.port]).not.toContain(secondDoor.port)
  const other = await clientOf(secondDoor)
  other.send(heartbeat(9))
  expect(idsOf(await other.answers.untilFrames(1))).toEqual([9])
  expect(askedIds(second.asked.frames)).toEqual([9])
})

it('offers only what keeps clients behind it, and hangs up on one that asks for more, saying why', async () => {
  const versions = bytes(int16(0), int32(1), int16(Metadata), int16(0), int16(13))
  const { client, proxy } = await behindProxy({}, (asked) => Buffer.concat([asked.subarray(4, 8), versions]))
  client.send(request({ apiKey: ApiVersions, correlationId: 1 }))
  const [answer] = await client.answers.untilFrames(1)
  expect(answer?.readInt16BE(answer.length - 2)).toBe(8)
  client.send(request({ apiKey: Metadata, apiVersion: 9, correlationId: 2 }))
  await client.closed
  expect(proxy.stats().refused).toEqual([expect.stringMatching(/^Metadata v9 of client test: .*ApiVersions/)])
})

it('drops a request, which the broker never sees', async () => {
  const { client, broker } = await behindProxy({ rules: [{ on: 'request', nth: 2, action: 'drop' }] })
  client.send(heartbeat(1), heartbeat(2), heartbeat(3))
  expect(idsOf(await client.answers.untilFrames(2))).toEqual([1, 3])
  expect(askedIds(broker.asked.frames)).toEqual([1, 3])
})

it('drops a response, of which the request was carried out', async () => {
  const { client, broker } = await behindProxy({ rules: [{ on: 'response', nth: 2, action: 'drop' }] })
  client.send(heartbeat(1), heartbeat(2), heartbeat(3))
  expect(idsOf(await client.answers.untilFrames(2))).toEqual([1, 3])
  expect(askedIds(broker.asked.frames)).toEqual([1, 2, 3])
})

it('falls silent: from one response on nothing comes, and nothing is closed', async () => {
  const { client, broker, proxy } = await behindProxy({ rules: [{ on: 'response', nth: 2, action: 'silence' }] })
  client.send(heartbeat(1), heartbeat(2))
  await broker.asked.untilFrames(2)
  client.send(heartbeat(3))
  await broker.asked.untilFrames(3)
  const other = await clientOf(addressIn(proxy.bootstrapServers))
  other.send(heartbeat(4))
  await other.answers.untilFrames(1)
  expect(idsOf(client.answers.frames)).toEqual([1])
  expect(proxy.stats().connections).toBe(2)
})

it('closes in place of a response, and the next connection works', async () => {
  const rules = [{ name: 'lost', on: 'response', api: 'Heartbeat', clientId: 'test', nth: 1, action: 'close' }] as const
  const { client, broker, proxy, faults } = await behindProxy({ rules })
  client.send(heartbeat(1))
  await client.closed
  expect([askedIds(broker.asked.frames), client.answers.frames]).toEqual([[1], []])
  expect(faults).toEqual([{ rule: 'lost', on: 'response', api: 'Heartbeat', clientId: 'test', action: 'close' }])
  const again = await clientOf(addressIn(proxy.bootstrapServers))
  again.send(heartbeat(2))
  expect(idsOf(await again.answers.untilFrames(1))).toEqual([2])
  expect(proxy.stats()).toMatchObject({ faults: { lost: 1 }, refused: [] })
})

it('closes in place of a request, which the broker never sees', async () => {
  const { client, broker, proxy } = await behindProxy()
  proxy.addRule({ on: 'request', nth: 1, action: 'close' })
  client.send(heartbeat(1))
  await client.closed
  expect(broker.asked.frames).toEqual([])
})

it('delays a frame and those behind it on its connection, and no others', async () => {
  const waiting = Promise.withResolvers<number>()
  const over = Promise.withResolvers<undefined>()
  const { client, proxy } = await behindProxy({
    rules: [{ on: 'response', nth: 1, action: { delayMs: 250 } }],
    wait: (delayMs) => {
      waiting.resolve(delayMs)
      return over.promise
    },
  })
  client.send(heartbeat(1), heartbeat(2))
  expect(await waiting.promise).toBe(250)
  const other = await clientOf(addressIn(proxy.bootstrapServers))
  other.send(heartbeat(3))
  await other.answers.untilFrames(1)
  expect(client.answers.frames).toEqual([])
  over.resolve(undefined)
  expect(idsOf(await client.answers.untilFrames(2))).toEqual([1, 2])
})

it('goes on without rules once they are cleared', async () => {
  const { promise: dropped, resolve: onFault } = Promise.withResolvers<Fault>()
  const { client, proxy } = await behindProxy({ rules: [{ on: 'request', action: 'drop' }], onFault })
  client.send(heartbeat(1))
  await dropped
  proxy.addRule({ on: 'request', action: 'close' })
  proxy.clearRules()
  client.send(heartbeat(2))
  expect(idsOf(await client.answers.untilFrames(1))).toEqual([2])
})

it('closes what is left when either side hangs up', async () => {
  const { client, broker, proxy } = await behindProxy()
  client.send(heartbeat(1))
  await client.answers.untilFrames(1)
  broker.hangUp()
  await client.closed
  const other = await clientOf(addressIn(proxy.bootstrapServers))
  other.send(heartbeat(2))
  await other.answers.untilFrames(1)
  const left = broker.nextHungUp()
  other.hangUp()
  await Promise.all([left, other.closed])
})

it('hangs up on what is not Kafka, and on answers that nobody asked for', async () => {
  const { client, proxy } = await behindProxy({}, () => bytes(int32(77), 'abcd'))
  const web = await clientOf(addressIn(proxy.bootstrapServers))
  web.sendRaw(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await web.closed
  client.send(heartbeat(1))
  await client.closed
  expect(proxy.stats().refused).toEqual([
    expect.stringMatching(/^a frame of \d+ bytes/),
    'a response to no request (correlation id 77)',
  ])
})

it('is a connection that closes at once where the broker is away', async () => {
  const { broker, proxy } = await behindProxy()
  broker.close()
  const client = await clientOf(addressIn(proxy.bootstrapServers))
  await client.closed
})

it('cuts all connections when it is closed, those with a delay under way too', async () => {
  const delayed = Promise.withResolvers<Fault>()
  const { client, proxy } = await behindProxy({
    rules: [{ on: 'response', action: { delayMs: 3_600_000 } }],
    onFault: delayed.resolve,
  })
  client.send(heartbeat(1))
  await delayed.promise
  await Promise.all([proxy.close(), proxy.close()])
  await client.closed
  expect(proxy.stats().connections).toBe(0)
})

const noAddresses = ['localhost', 'localhost:0', 'localhost:66000', '', undefined]

it.each(noAddresses)('refuses "%s", which is no address', async (brokers) => {
  await expect(startFaultProxy({ brokers: brokers as string })).rejects.toThrow('is not host:port')
})
