import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { topicNames } from '@tidemark/schemas'
import { startStack, type Stack } from '@tidemark/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TopicFollower } from '../topic-follower.ts'
import { differences, readPoints } from './points.ts'
import { readTrades, recompute } from './recompute.ts'
import { freePortBase, isFree, recording, root, StartProcess } from './start-process.ts'

const PORTS = 20

describe.skipIf(!existsSync(recording))('the recording at full speed, with ten malformed frames mixed in', () => {
  const slackPosts: { contentType: string | undefined; body: { text?: string; blocks?: unknown[] } }[] = []
  let dataDir: string
  let base: number
  let slack: Server
  let start: StartProcess
  let exitCode: number | null

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-main-job-'))
    base = await freePortBase(PORTS)
    slack = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString())
        slackPosts.push({ contentType: request.headers['content-type'], body })
        response.end('ok')
      })
    })
    await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve))
    const webhook = `http://127.0.0.1:${(slack.address() as AddressInfo).port}/services/T/B/X`
    const source = ['--source', `recording:${recording}`, '--speed', 'max', '--malformed', 'builtin']
    const where = ['--data-dir', dataDir, '--port-base', String(base)]
    start = new StartProcess([...source, ...where, '--exit-when-drained'], { SLACK_WEBHOOK_URL: webhook })
    exitCode = await start.ended()
  })

  afterAll(async () => {
    await start.stop()
    slack.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('exits with 0 and counts 34,419 trades, ten dead letters, nothing lost', () => {
    expect(start.output).toContain('trades in')
    expect(exitCode, start.output).toBe(0)
    expect(start.figure('trades in')).toBe('34,419')
    expect(start.figure('dead letters')).toBe('10')
    expect(start.figure('gaps')).toBe('0')
    expect(start.figure('lost')).toBe('0')
    expect(start.figure('points in InfluxDB')).toBe(start.figure('windows out'))
  })

  test('leaves no port open', async () => {
    const free = await Promise.all(Array.from({ length: PORTS }, (_unused, index) => isFree(base + index)))
    expect(free.every(Boolean)).toBe(true)
  })

  test('reaches Slack with a well-formed message for each alert', () => {
    expect(slackPosts.length).toBe(Number(start.figure('alerts')))
    expect(slackPosts.length).toBeGreaterThan(0)
    for (const { contentType, body } of slackPosts) {
      expect(contentType).toContain('application/json')
      expect(body.text).toMatch(/(BTCUSDT|ETHUSDT)/)
      expect(body.blocks?.length).toBeGreaterThan(0)
    }
  })

  describe('started again on the same data dir', () => {
    let stack: Stack

    beforeAll(async () => {
      stack = await startStack({ host: process, dataDir, portBase: base })
    })

    afterAll(() => stack.stop())

    test('InfluxDB holds every closed window, equal to a batch recomputation from the file', async () => {
      const influx = await stack.influx
      if (!influx.available) throw new Error(influx.reason)
      const trades = readTrades(recording)
      const sizes: [string, number][] = [
        ['10s', 10_000],
        ['1m', 60_000],
        ['5m', 300_000],
        ['15m', 900_000],
        ['1h', 3_600_000],
      ]
      const windows = sizes.flatMap(([label, sizeMs]) => recompute(trades, label, sizeMs))
      // Twelve minutes are touched; the last one stays open. The first, partial one is closed.
      expect(windows.filter(({ window }) => window === '1m')).toHaveLength(22)
      expect(differences(await readPoints(influx), windows)).toEqual([])
    })

    test('the ten dead letters have ten right reasons, and their original bytes', async () => {
      const kafka = kafkaPorts({ bootstrapServers: stack.bootstrapServers, clientId: 'main-job-test' })
      const letters: { code: string; originalBytes: number }[] = []
      await new TopicFollower(kafka.logReader(), topicNames.binanceTradesDlq).follow((cursor) => {
        const headers = new Map(cursor.headers().map(({ key, value }) => [key, value?.toString() ?? '']))
        const kept = cursor.value()?.length ?? 0
        const original = Number(headers.get('tidemark.dlq.original_bytes') ?? kept)
        letters.push({ code: headers.get('tidemark.dlq.code') ?? '', originalBytes: original })
      })
      await kafka.close()
      expect(letters.map(({ code }) => code).sort()).toEqual([
        'bad-decimal',
        'binary',
        'empty',
        'lossy-decimal',
        'missing-field',
        'not-json',
        'not-positive',
        'oversized',
        'unknown-event',
        'wrong-type',
      ])
      expect(letters.find(({ code }) => code === 'oversized')?.originalBytes).toBeGreaterThan(2_000_000)
    })
  })
})

test('the tests look for the recording where it is documented to be', () => {
  expect(recording.startsWith(root)).toBe(false)
})
