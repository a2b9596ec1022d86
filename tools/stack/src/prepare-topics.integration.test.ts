import { createAdmin } from '@tidemark/kafka'
import { connectRegistry, topics, valueSubject } from '@tidemark/schemas'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'
import { prepareTopics } from './prepare-topics.ts'
import { startStack, type Stack } from './start-stack.ts'

async function prepared(stack: Stack): Promise<{ topics: unknown; ids: number[]; level: unknown }> {
  const admin = createAdmin({ bootstrapServers: stack.bootstrapServers, clientId: 'test' })
  const registry = connectRegistry({ url: stack.registryUrl })
  const ids: number[] = []
  try {
    for (const { name, valueSchema } of topics)
      if (valueSchema) ids.push(await registry.idOf(valueSubject(name), valueSchema))
    const level: unknown = await (await fetch(`${stack.registryUrl}/config`)).json()
    return { topics: await admin.describe(topics.map(({ name }) => name)), ids, level }
  } finally {
    await admin.close()
  }
}

it('creates every topic with its settings and registers every schema, and may be repeated after a restart', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-prepare-'))
  const stacks: Stack[] = []
  const start = async (): Promise<Stack> => {
    const stack = await startStack({
      host: process,
      dataDir,
      ports: await freePorts(),
      services: ['kafka', 'registry'],
    })
    stacks.push(stack)
    return stack
  }
  try {
    const first = await start()
    await prepareTopics(first)
    const before = await prepared(first)
    const wanted = topics.map(({ name, partitions, config }) => ({ name, partitions, replicationFactor: 1, config }))
    expect(before.topics).toEqual(wanted)
    expect(before.level).toMatchObject({ compatibilityLevel: 'BACKWARD_TRANSITIVE' })
    await first.stop()

    const second = await start()
    await prepareTopics(second)
    expect(await prepared(second)).toEqual(before)
  } finally {
    await Promise.all(stacks.map((stack) => stack.stop()))
    await rm(dataDir, { recursive: true, force: true })
  }
})
