import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, onTestFinished } from 'vitest'
import type { Outcome } from './proof-run.ts'
import type { ProofSettings } from './proofs.ts'
import { proveRound, type Place } from './prove.ts'

const RECORDS = 6_000

/** A proof with few records and one end of each of two instances: seconds instead of minutes. */
export function shortened(settings: ProofSettings | undefined): ProofSettings {
  if (settings === undefined) throw new Error('there is no such proof')
  return { ...settings, records: RECORDS, partitions: 4, instances: 2, restarts: 1 }
}

/** Where a round of a test runs, under a name of its own. */
export async function placeOf(
  what: string,
  given: Pick<Place, 'bootstrapServers' | 'replicationFactor' | 'cluster' | 'seed' | 'nowMs' | 'wait'>,
): Promise<Place> {
  const logDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  onTestFinished(() => rm(logDir, { recursive: true, force: true }))
  return { ...given, host: process, logDir, name: `chaos-${what}-${given.seed}`, log: (line) => console.log(line) }
}

/** Runs a short round, which has to keep what is promised. */
export async function expectKept(settings: ProofSettings, place: Place): Promise<Outcome> {
  const outcome = await proveRound(settings, place)
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ kept: true })
  return outcome
}
