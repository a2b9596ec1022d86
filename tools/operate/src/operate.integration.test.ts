import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createAdmin, createOperations, kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, type Alert } from '@tidemark/schemas'
import { expect, inject, onTestFinished, test } from 'vitest'
import { letter, readAll, write } from './letters-fixture.ts'
import { operateActions } from './operate-actions.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

const alert: Alert = {
  id: 'whale_order:BTCUSDT:1m:0',
  rule: 'whale_order',
  symbol: 'BTCUSDT',
  severity: 'info',
  status: 'firing',
  value: 6,
  threshold: 1,
  started_at_ms: 60_000,
  resolved_at_ms: null,
  text: 'six of them',
  window: '1m',
  window_start_ms: 0,
}

const program = fileURLToPath(new URL('main.ts', import.meta.url))

/** The commands on the real cluster, with what they print, and topics of this test alone. */
async function onCluster(...suffixes: string[]) {
  const cluster = { bootstrapServers: inject('kafka'), clientId: 'operate-tests' }
  const [admin, operations, kafka] = [createAdmin(cluster), createOperations(cluster), kafkaPorts(cluster)]
  const app = `operate-${randomUUID()}`
  const names = suffixes.map((suffix) => `${app}-${suffix}`)
  await admin.createTopics(names.map((name) => ({ name, partitions: 2 })))
  onTestFinished(async () => {
    await kafka.close()
    await admin.deleteTopics(names)
    await operations.close()
    await admin.close()
  })
  const printed: string[] = []
  let isIncomplete = false
  const actions = operateActions({
    kafka: cluster,
    registryUrl: inject('registry'),
    clock: { nowMs: Date.now, wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    signal: new AbortController().signal,
    print: (text) => printed.push(text),
    markIncomplete: () => (isIncomplete = true),
  })
  const output = () => printed.splice(0).join('\n')
  return { admin, operations, kafka, app, names, actions, output, wasIncomplete: () => isIncomplete }
}

test('dead letters are listed, shown with Avro decoded, and replayed once', async () => {
  const { kafka, app, names, actions, output, wasIncomplete } = await onCluster('dlq', 'source')
  const [topic = '', source = ''] = names
  const codec = avroCodec('Alert', { registry: connectRegistry({ url: inject('registry') }), subject: 'alerts-value' })
  await codec.prepare()
  const bytes = Buffer.alloc(500)
  const value = bytes.subarray(0, codec.encode(alert, bytes, 0))
  const from = (offset: number) => ({ topic: source, partition: 1, offset })
  const headers = [{ key: 'trace', value: Buffer.from('1') }]
  await write(kafka, [
    letter({ topic, key: Buffer.from('k'), value, headers, source: from(41) }),
    letter({ topic, key: Buffer.from('other'), source: from(42), code: 'invalid' }),
    letter({ topic, key: null, source: undefined, code: 'bad-json' }),
  ])
  await actions.list({ topic, limit: 10 })
  expect(output()).toMatch(new RegExp(`malformed[^\\n]*${app.slice(0, 20)}[^]*3 dead letters$`))

  const partition = await partitionOf(kafka, topic, 'k')
  await actions.show({ topic, partition, offset: 0, maxBytes: 1_000 })
  expect(output()).toMatch(/Avro tidemark\.Alert\):\n\{\n {2}"id": "whale_order:BTCUSDT:1m:0",/)

  await actions.replay({ topic, rate: 1_000, dryRun: false })
  expect(output()).toMatch(/2 letters replayed\n1 letter that came from no topic/)
  expect(wasIncomplete()).toBe(true)
  await actions.replay({ topic, rate: 1_000, dryRun: false })
  expect(output()).toMatch(/^0 letters replayed/)
  const records = await readAll(kafka.logReader(), source)
  expect(records).toHaveLength(2)
  expect(records).toContainEqual({
    key: 'k',
    value,
    headers: [
      ['trace', '1'],
      ['tidemark.dlq.attempts', '1'],
    ],
  })
})

test('a reset does what its dry run says: offsets, changelogs and outputs', async () => {
  const { operations, admin, kafka, app, names, actions, output } = await onCluster('in', 'out', 'sums-changelog')
  const [input = '', out = '', changelog = ''] = names
  await write(kafka, [letter({ topic: input }), letter({ topic: out }), letter({ topic: changelog })])
  await operations.setOffsets(app, [{ topic: input, partition: 0, offset: 1, metadata: '' }])
  const request = { application: app, outputs: [out] }

  await actions.reset({ ...request, execute: false })
  expect(output()).toMatch(/dry run: nothing was changed/)
  expect(await operations.committedOffsets(app)).toHaveLength(1)

  await actions.reset({ ...request, execute: true })
  expect(output()).toMatch(
    /done: committed offsets marked\ndone: delete-changelog .*\ndone: committed offsets deleted\ndone: empty-output .*\n.* is reset/,
  )
  expect(await operations.committedOffsets(app)).toEqual([])
  expect((await admin.describe([input, changelog])).map(({ name }) => name)).toEqual([input])
  expect(await readAll(kafka.logReader(), out)).toEqual([])

  await actions.reset({ application: app, outputs: [], execute: true })
  expect(output()).toMatch(/^nothing to reset/)
})

test('a reset is refused while the group has members', async () => {
  const { kafka, app, names, actions } = await onCluster('in')
  const consumer = kafka.consumer({ groupId: app })
  consumer.subscribe([...names], { assigned: async () => {}, revoked: async () => {}, lost: async () => {} })
  await consumer.poll(100)
  await expect(actions.reset({ application: app, outputs: [], execute: true })).rejects.toThrow(
    /has live members \(operate-tests at/,
  )
})

test('of two replays at once the second goes on where the first one is; each letter is written once', async () => {
  const { kafka, names, actions } = await onCluster('dlq', 'source')
  const [topic = '', source = ''] = names
  const letters = Array.from({ length: 40 }, (_, index) => Buffer.from(String(index)))
  const from = { topic: source, partition: 0, offset: 0 }
  await write(
    kafka,
    letters.map((key) => letter({ topic, key, source: from })),
  )
  const first = actions.replay({ topic, rate: 4, dryRun: false })
  const ended = expect(first).rejects.toThrow('another replay of it was started')
  await expect
    .poll(async () => (await readAll(kafka.logReader(), source)).length, { timeout: 20_000 })
    .toBeGreaterThan(2)
  await actions.replay({ topic, rate: 1_000, dryRun: false })
  await ended
  const keys = (await readAll(kafka.logReader(), source)).map(({ key }) => Number(key))
  expect(keys.sort((a, b) => a - b)).toEqual(letters.map((_, index) => index))
})

test('a replay that is killed has written nothing that the next one writes again', async () => {
  const { kafka, names, actions } = await onCluster('dlq', 'source')
  const [topic = '', source = ''] = names
  const letters = Array.from({ length: 200 }, (_, index) => Buffer.from(String(index)))
  const from = { topic: source, partition: 0, offset: 0 }
  await write(
    kafka,
    letters.map((key) => letter({ topic, key, source: from })),
  )
  const replayed = async () => (await readAll(kafka.logReader(), source)).map(({ key }) => Number(key))
  const env = { ...process.env, KAFKA_BOOTSTRAP_SERVERS: inject('kafka') }
  for (const round of [1, 2, 3]) {
    const args = ['dead-letters', 'replay', '--topic', topic, '--rate', '40']
    const child = spawn(process.execPath, ['--conditions=@tidemark/source', program, ...args], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()))
    const exited = once(child, 'exit')
    const ended = exited.then(() => Promise.reject(new Error(`the replay ended by itself: ${said}`)))
    const past = expect.poll(async () => (await replayed()).length, { timeout: 30_000 }).toBeGreaterThan(round * 20)
    await Promise.race([past, ended])
    ended.catch(() => undefined)
    child.kill('SIGKILL')
    await exited
  }
  await actions.replay({ topic, rate: 10_000, dryRun: false })
  // A transaction is decided before its last markers are written: readers see it some milliseconds later.
  await expect.poll(async () => (await replayed()).length).toBe(letters.length)
  expect((await replayed()).sort((a, b) => a - b)).toEqual(letters.map((_, index) => index))
})

test('as a program it prints to stdout; what can not be done is one line on stderr and exit code 1', async () => {
  const { kafka, names } = await onCluster('dlq')
  const [topic = ''] = names
  await write(kafka, [letter({ topic })])
  const listed = await runProgram(['dead-letters', 'list', '--topic', topic], inject('kafka'))
  expect(listed).toEqual({ code: 0, stdout: expect.stringMatching(/\n1 dead letter\n$/), stderr: '' })
  const missing = await runProgram(['dead-letters', 'replay', '--topic', `${topic}-x`], inject('kafka'))
  expect(missing).toMatchObject({ code: 1, stdout: '' })
  expect(missing.stderr).toContain(`error: topic ${topic}-x does not exist`)
  const wrong = await runProgram(['reset', '--application', 'a'], 'nowhere')
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('KAFKA_BOOTSTRAP_SERVERS is "nowhere"') })
})

function runProgram(args: readonly string[], bootstrapServers: string) {
  const env = { ...process.env, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    const all = ['--conditions=@tidemark/source', program, ...args]
    execFile(process.execPath, all, { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    )
  })
}

async function partitionOf(kafka: ReturnType<typeof kafkaPorts>, topic: string, key: string): Promise<number> {
  const reader = kafka.logReader()
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) if (cursor.key()?.toString() === key) return partition
    }
  }
  throw new Error(`topic ${topic} has no record with key ${key}`)
}
