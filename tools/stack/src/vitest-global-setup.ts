import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { freePorts } from './free-ports.ts'
import { prepareTopics } from './prepare-topics.ts'
import { startStack, type InfluxOutcome } from './start-stack.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Bootstrap servers of a real Kafka, with all topics. */
    kafka: string
    /** URL of a real registry, with all schemas. */
    registry: string
    /** A real InfluxDB, or why there is none on this machine. */
    influx: InfluxOutcome
  }
}

/** One stack for all integration tests, on free ports and a data dir of its own; gone when they end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-integration-'))
  const removeDir = (): Promise<void> => rm(dataDir, { recursive: true, force: true })
  try {
    const stack = await startStack({
      // eslint-disable-next-line no-restricted-globals -- the test runner starts this file: it is an entry point
      host: process,
      dataDir,
      ports: await freePorts(),
      log: (line) => project.vitest.logger.log(line),
    })
    const stop = async (): Promise<void> => {
      await stack.stop()
      await removeDir()
    }
    try {
      await prepareTopics(stack)
      project.provide('kafka', stack.bootstrapServers)
      project.provide('registry', stack.registryUrl)
      project.provide('influx', await stack.influx)
      return stop
    } catch (error) {
      await stop()
      throw error
    }
  } catch (error) {
    await removeDir()
    throw error
  }
}
