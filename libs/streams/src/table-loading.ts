import { orAborted } from './or-aborted.ts'
import type { ConsumerPort, KafkaPorts, LogReaderPort } from './ports.ts'
import type { StreamsLogger } from './run-options.ts'
import type { Task } from './task.ts'

export interface TableLoadingOptions {
  readonly kafka: Pick<KafkaPorts, 'logReader'>
  readonly consumer: Pick<ConsumerPort, 'seek'>
  readonly logger: StreamsLogger
  /** Ends it, and closes its reader, whatever it waits for. */
  readonly signal: AbortSignal
  onProgress(): void
}

/**
 * Reads the topics of tables up to their ends, before anything else is processed, and goes on from there. What a commit had covered is read again
 * too: compaction may have left nothing of it but its last values, and those stand behind it.
 */
export async function loadTables(tasks: readonly Task[], options: TableLoadingOptions): Promise<void> {
  if (tasks.every(({ tableTopics }) => tableTopics.length === 0)) return
  const reader = options.kafka.logReader()
  try {
    await orAborted(options.signal, () => loadFrom(reader, tasks, options))
  } finally {
    await reader.close()
  }
}

async function loadFrom(
  reader: LogReaderPort,
  tasks: readonly Task[],
  { consumer, logger, onProgress }: TableLoadingOptions,
): Promise<void> {
  for (const topic of new Set(tasks.flatMap(({ tableTopics }) => tableTopics))) {
    const logs = await reader.offsets(topic)
    await Promise.all(
      tasks.map(async (task) => {
        const { partition } = task
        const { startOffset, endOffset } = logs[partition] ?? { startOffset: 0, endOffset: 0 }
        task.tableBegins(topic, startOffset)
        for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
          await task.process(batch)
          onProgress()
        }
        task.tableLoaded(topic, endOffset)
        consumer.seek({ topic, partition }, endOffset)
        logger.info({ topic, partition, offset: endOffset }, 'table loaded')
      }),
    )
  }
}
