import type { ConsumerPort, KafkaPorts } from './ports.ts'
import type { StreamsLogger } from './run-options.ts'
import type { Task } from './task.ts'

/**
 * Reads the topics of tables up to their ends, before anything else is processed, and goes on from there. What a commit had covered is read again
 * too: compaction may have left nothing of it but its last values, and those stand behind it.
 */
export async function loadTables(
  tasks: readonly Task[],
  options: {
    readonly kafka: Pick<KafkaPorts, 'logReader'>
    readonly consumer: Pick<ConsumerPort, 'seek'>
    readonly logger: StreamsLogger
    onProgress(): void
  },
): Promise<void> {
  const { kafka, consumer, logger, onProgress } = options
  const topics = [...new Set(tasks.flatMap(({ tableTopics }) => tableTopics))]
  if (topics.length === 0) return
  const reader = kafka.logReader()
  try {
    for (const topic of topics) {
      const logs = await reader.offsets(topic)
      await Promise.all(
        tasks.map(async (task) => {
          const { partition } = task
          const { startOffset, endOffset } = logs[partition] ?? { startOffset: 0, endOffset: 0 }
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
  } finally {
    await reader.close()
  }
}
