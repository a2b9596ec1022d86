import { deadLetterRecord, jsonCodec, MAX_DEAD_LETTER_BYTES, stream } from '@tidemark/streams'
import { InMemoryKafka, ManualClock, TopologyTestDriver } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { DLQ, letter, readAll, SOURCE, write } from './letters-fixture.ts'
import { replay, type ReplayOptions } from './replay.ts'
import { replayGroupId } from './replay-writer.ts'

async function withLetters(parts: Parameters<typeof letter>[0][], partitions = 1) {
  const kafka = new InMemoryKafka()
  const manual = new ManualClock(1_000)
  const waits: number[] = []
  kafka.createTopic(DLQ, partitions)
  kafka.createTopic(SOURCE, 2)
  kafka.createTopic('elsewhere')
  const clock = {
    nowMs: manual.nowMs,
    wait: async (ms: number) => {
      waits.push(ms)
      manual.advance(ms)
    },
  }
  const add = (more: Parameters<typeof letter>[0][]) => write(kafka, more.map(letter))
  await add(parts)
  const run = (options: Partial<ReplayOptions> = {}) =>
    replay({
      kafka,
      topic: DLQ,
      ratePerSecond: 1_000,
      dryRun: false,
      clock,
      signal: new AbortController().signal,
      ...options,
    })
  const values = async (topic = SOURCE) =>
    (await readAll(kafka.logReader(), topic)).map(({ value }) => value?.toString()).sort()
  return { kafka, clock, waits, add, run, values }
}

const bytes = (text: string) => Buffer.from(text)

test('writes key, bytes and headers back as they were, with how often they were dead letters', async () => {
  const value = Buffer.from([0, 255, 1])
  const headers = [
    { key: 'trace', value: bytes('1') },
    { key: 'trace', value: null },
  ]
  const { kafka, run } = await withLetters([{ key: bytes('k'), value, headers, attempts: 1 }])
  const summary = await run()
  expect(summary).toEqual({ written: [{ topic: SOURCE, code: 'malformed', letters: 1 }], refused: [], finished: true })
  expect(await readAll(kafka.logReader(), SOURCE)).toEqual([
    {
      key: 'k',
      value,
      headers: [
        ['trace', '1'],
        ['trace', null],
        ['tidemark.dlq.attempts', '1'],
      ],
    },
  ])
})

test('a tombstone without a key comes back as one', async () => {
  const { kafka, run } = await withLetters([{ key: null, value: null }])
  await run()
  expect(await readAll(kafka.logReader(), SOURCE)).toMatchObject([{ key: null, value: null }])
})

test('a record that fails again after each replay says how often it has failed', async () => {
  const { kafka, run } = await withLetters([])
  const words = jsonCodec<string>(() => undefined)
  const driver = new TopologyTestDriver(stream(SOURCE, words, { timestampMs: () => 1 }).to('words', words), {
    kafka,
    partitions: 2,
  })
  const topic = driver.deadLetterTopic
  const attempts = async () =>
    (await readAll(kafka.logReader(), topic)).map(({ headers }) => Object.fromEntries(headers)['tidemark.dlq.attempts'])
  await driver.input(SOURCE, words).pipeBytes('k', bytes('?'), [{ key: 'trace', value: bytes('1') }])
  expect(await attempts()).toEqual(['1'])
  for (const failures of [
    ['1', '2'],
    ['1', '2', '3'],
  ]) {
    expect((await run({ topic })).written).toEqual([{ topic: SOURCE, code: 'malformed', letters: 1 }])
    await driver.settle()
    expect(await attempts()).toEqual(failures)
  }
  const records = await readAll(kafka.logReader(), SOURCE)
  expect(records.map(({ headers }) => headers)).toEqual([
    [['trace', '1']],
    [
      ['trace', '1'],
      ['tidemark.dlq.attempts', '1'],
    ],
    [
      ['trace', '1'],
      ['tidemark.dlq.attempts', '2'],
    ],
  ])
})

test('a record that was a dead letter before it was set aside keeps what it said then', async () => {
  const inner = deadLetterRecord({
    ...{ topic: DLQ, key: null, value: null, code: 'invalid', exception: 'First', message: 'first', attempts: 1 },
    ingestionTimeMs: 1,
  })
  const { kafka, run } = await withLetters([{ headers: inner.headers ?? [] }])
  await run()
  const [record] = await readAll(kafka.logReader(), SOURCE)
  expect(record?.headers).toEqual([
    ['__streams.errors.exception', 'First'],
    ['__streams.errors.message', 'first'],
    ['tidemark.dlq.code', 'invalid'],
    ['tidemark.dlq.ingestion_time_ms', '1'],
    ['tidemark.dlq.attempts', '1'],
  ])
})

test('a second run replays only what came since', async () => {
  const { run, add, values } = await withLetters([{ value: bytes('1') }, { value: bytes('2'), key: bytes('b') }], 3)
  await run()
  await add([{ value: bytes('3') }])
  expect((await run()).written).toEqual([{ topic: SOURCE, code: 'malformed', letters: 1 }])
  expect((await run()).written).toEqual([])
  expect(await values()).toEqual(['1', '2', '3'])
})

test('a replay of one code leaves the others to a later one, which leaves out that code', async () => {
  const { run, add, values } = await withLetters([
    { value: bytes('m1') },
    { value: bytes('i1'), code: 'invalid' },
    { value: bytes('m2') },
  ])
  await run({ code: 'malformed' })
  expect(await values()).toEqual(['m1', 'm2'])
  await add([{ value: bytes('m3') }])
  await run({ code: 'invalid' })
  await run({ code: 'invalid' })
  expect(await values()).toEqual(['i1', 'm1', 'm2'])
  await run()
  await run()
  expect(await values()).toEqual(['i1', 'm1', 'm2', 'm3'])
})

test('letters that came from no topic are left, with all of their code, until a target is named', async () => {
  const { run, values } = await withLetters([
    { value: bytes('m1') },
    { value: bytes('f1'), code: 'frame', source: undefined },
    { value: bytes('f2'), code: 'frame' },
    { value: bytes('m2') },
  ])
  const left = { refusal: 'no-source', letters: 2, first: { partition: 0, offset: 1 } }
  expect((await run()).refused).toMatchObject([left])
  expect(await values()).toEqual(['m1', 'm2'])
  expect((await run()).refused).toMatchObject([left])
  await run({ to: 'elsewhere' })
  expect(await values('elsewhere')).toEqual(['f1', 'f2'])
  expect(await run()).toMatchObject({ written: [], refused: [] })
})

test('a letter whose value was cut is refused once, and holds up no other', async () => {
  const { run, values } = await withLetters([
    { value: Buffer.alloc(MAX_DEAD_LETTER_BYTES + 1) },
    { value: bytes('whole') },
  ])
  expect((await run()).refused).toMatchObject([{ refusal: 'cut', letters: 1, first: { partition: 0, offset: 0 } }])
  expect(await values()).toEqual(['whole'])
  expect((await run()).refused).toEqual([])
})

test('a replay that writes nothing still remembers how far it looked', async () => {
  const { run } = await withLetters([{ value: Buffer.alloc(MAX_DEAD_LETTER_BYTES + 1) }])
  expect((await run()).refused).toMatchObject([{ refusal: 'cut', letters: 1 }])
  expect((await run()).refused).toEqual([])
})

test('a dry run counts the same, writes nothing and remembers nothing', async () => {
  const { kafka, run, values } = await withLetters([{ code: 'a' }, { code: 'b' }, { code: 'b', source: undefined }])
  const first = await run({ dryRun: true })
  expect(await values()).toEqual([])
  expect(kafka.group(replayGroupId(DLQ)).offsets.size).toBe(0)
  expect(await run()).toEqual(first)
})

test('the rate is kept over all writes', async () => {
  const { run, waits, values } = await withLetters(Array.from({ length: 21 }, () => ({})))
  await run({ ratePerSecond: 4 })
  expect(await values()).toHaveLength(21)
  // The first letter goes at once, the 21st after 20 / 4 s.
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(5_000)
})

test('one that is stopped goes on from there the next time, with nothing left out or repeated', async () => {
  const { run, values } = await withLetters(Array.from({ length: 10 }, (_, index) => ({ value: bytes(String(index)) })))
  const stopping = new AbortController()
  const onWritten = (letters: number) => {
    if (letters === 3) stopping.abort()
  }
  const summary = await run({ ratePerSecond: 1, signal: stopping.signal, onWritten })
  expect(summary.finished).toBe(false)
  const before = await values()
  expect(before.length).toBeLessThan(10)
  await run()
  expect(await values()).toEqual(Array.from({ length: 10 }, (_, index) => String(index)))
})

test('one that ends in an error has remembered what it wrote, and written what it remembers', async () => {
  const letters = Array.from({ length: 4 }, (_, index) => ({ value: bytes(String(index)) }))
  const { kafka, run, values } = await withLetters(letters)
  let commits = 0
  const failing: ReplayOptions['kafka'] = {
    consumer: (options) => kafka.consumer(options),
    logReader: () => kafka.logReader(),
    transactionalProducer: (options) => {
      const producer = kafka.transactionalProducer(options)
      const commit: typeof producer.commit = async (transaction) => {
        if (++commits > 2) throw new Error('the broker is gone')
        await producer.commit(transaction)
      }
      return { ...producer, commit }
    },
  }
  await expect(run({ kafka: failing, ratePerSecond: 1 })).rejects.toThrow('the broker is gone')
  expect(await values()).toEqual(['0', '1'])
  await run()
  expect(await values()).toEqual(['0', '1', '2', '3'])
})

test('a replay that is started while another one runs goes on from there, and the other one ends', async () => {
  const letters = Array.from({ length: 6 }, (_, index) => ({ value: bytes(String(index)) }))
  const { run, clock, values } = await withLetters(letters)
  let second: Promise<unknown> | undefined
  const wait = async (ms: number) => {
    second ??= run()
    await second
    await clock.wait(ms)
  }
  await expect(run({ ratePerSecond: 1, clock: { ...clock, wait } })).rejects.toThrow('another replay of it was started')
  expect(await second).toMatchObject({ written: [{ letters: 5 }], finished: true })
  expect(await values()).toEqual(['0', '1', '2', '3', '4', '5'])
})

test('is refused into the topic itself, and into more topics than letters of one application name', async () => {
  const { run } = await withLetters([{}])
  await expect(run({ to: DLQ })).rejects.toThrow('into their own topic')
  const source = (index: number) => ({ topic: `t${index}`, partition: 0, offset: 0 })
  const many = await withLetters(Array.from({ length: 101 }, (_, index) => ({ source: source(index) })))
  await expect(many.run({ dryRun: true })).rejects.toThrow('name more than 100 topics')
})

test('progress that can not be remembered ends the replay before the letters in question are written', async () => {
  const codes = Array.from({ length: 500 }, (_, index) => ({ code: `code ${index}` }))
  const { run, values } = await withLetters([{ code: 'frame', source: undefined }, ...codes])
  await expect(run()).rejects.toThrow('too many to remember')
  expect(await values()).toHaveLength(250)
})

test('large letters are written in batches that a topic takes by default', async () => {
  const sizes = [400_000, 800_000, 400_000, 899_000]
  const { kafka, run, values } = await withLetters(sizes.map((bytesOf) => ({ value: Buffer.alloc(bytesOf) })))
  await run()
  expect(await values()).toHaveLength(4)
  const written = kafka.partitions(SOURCE).flatMap((log) => log.batches.map(({ records }) => records.length))
  expect(Math.max(...written)).toBeLessThan(1_000_000)
})

test('a target that does not exist is an error that names it, and remembers nothing', async () => {
  const { kafka, run } = await withLetters([{ source: { topic: 'gone', partition: 0, offset: 1 } }])
  await expect(run()).rejects.toThrow('topic gone does not exist')
  expect(kafka.group(replayGroupId(DLQ)).offsets.size).toBe(0)
})
