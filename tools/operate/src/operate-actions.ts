import { createAdmin, createOperations, kafkaPorts, type KafkaConnectionOptions } from '@tidemark/kafka'
import { connectRegistry } from '@tidemark/schemas'
import { findLetter, letterLines } from './show-letter.ts'
import { lettersTable, listLetters } from './list-letters.ts'
import type { OperateActions } from './operate-commands.ts'
import { replay, type Clock } from './replay.ts'
import { replayReport } from './replay-report.ts'
import { executeReset, resetSteps } from './reset.ts'
import { resetTable, type ResetStep } from './reset-plan.ts'

/** Where the commands do their work, and where they print. */
export interface Surroundings {
  readonly kafka: KafkaConnectionOptions
  readonly registryUrl?: string
  readonly clock: Clock
  readonly signal: AbortSignal
  print(text: string): void
  /** Calls for a non-zero exit code, when something was left undone. */
  markIncomplete(): void
}

const PROGRESS_INTERVAL_MS = 5_000

/** The commands on a real cluster; each opens what it needs and closes it. */
export function operateActions(surroundings: Surroundings): Omit<OperateActions, 'describe'> {
  const { print, kafka: connection, registryUrl } = surroundings
  return {
    async list(request) {
      await withOpen(kafkaPorts(connection), async (kafka) =>
        print(lettersTable(await listLetters(kafka.logReader(), request))),
      )
    },
    async show({ maxBytes, ...position }) {
      await withOpen(kafkaPorts(connection), async (kafka) => {
        const letter = await findLetter(kafka.logReader(), position)
        const schemas = registryUrl === undefined ? {} : { schemas: connectRegistry({ url: registryUrl }) }
        print((await letterLines(letter, { maxBytes, ...schemas })).join('\n'))
      })
    },
    async replay({ rate: ratePerSecond, ...request }) {
      const { clock, signal } = surroundings
      const onWritten = progressPrinter(surroundings)
      const summary = await withOpen(kafkaPorts(connection), (kafka) =>
        replay({ ...request, ratePerSecond, kafka, clock, signal, onWritten }),
      )
      print(replayReport(summary, request))
      if (summary.refused.length > 0 || !summary.finished) surroundings.markIncomplete()
    },
    async reset({ application: applicationId, execute, ...request }) {
      await withOpen(createOperations(connection), (operations) =>
        withOpen(createAdmin(connection), (admin) =>
          withOpen(kafkaPorts(connection), async (kafka) => {
            const cluster = { operations, admin, reader: kafka.logReader() }
            const steps = await resetSteps(cluster, applicationId, request)
            if (steps.length === 0) return print(nothingToDo(applicationId))
            print(resetTable(steps))
            if (!execute) return print('dry run: nothing was changed; add --execute to do it')
            await executeReset(cluster, { applicationId, steps, onDone: (step) => print(`done: ${stepText(step)}`) })
            print(`application ${applicationId} is reset: it starts from the beginning when it is started`)
          }),
        ),
      )
    },
  }
}

async function withOpen<Port extends { close(): Promise<void> }, T>(
  port: Port,
  use: (port: Port) => Promise<T>,
): Promise<T> {
  try {
    return await use(port)
  } finally {
    await port.close()
  }
}

function progressPrinter({ clock, print }: Surroundings): (letters: number) => void {
  let nextMs = clock.nowMs() + PROGRESS_INTERVAL_MS
  return (letters) => {
    if (clock.nowMs() < nextMs) return
    nextMs = clock.nowMs() + PROGRESS_INTERVAL_MS
    print(`${letters} replayed …`)
  }
}

function nothingToDo(applicationId: string): string {
  return `nothing to reset: application ${applicationId} has no committed offsets and no changelogs; is that its id?`
}

function stepText(step: ResetStep): string {
  if (step.kind === 'mark-offsets') return 'committed offsets marked'
  return step.kind === 'delete-offsets' ? 'committed offsets deleted' : `${step.kind} ${step.topic}`
}
