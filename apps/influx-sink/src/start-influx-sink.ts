import { streamsService, streamsSettings, type RunningService, type ServiceContext } from '@tidemark/service'
import { run, type KafkaPorts } from '@tidemark/streams'
import type { Config } from './config.ts'
import type { LineWriter } from './influx-lines.ts'
import type { InfluxPoint } from './influx-point.ts'
import { influxSink } from './influx-sink.ts'
import { patientWriter, type Wait } from './patient-writer.ts'
import { refusedRecords } from './refused-records.ts'
import { influxSinkTopology, type SinkCodecs } from './topology.ts'

export const applicationId = 'influx-sink'
const deadLetterTopic = `${applicationId}-dlq`

export interface InfluxSinkContext extends ServiceContext<Config> {
  readonly kafka: KafkaPorts & { close(): Promise<void> }
  readonly lines: LineWriter
  readonly codecs: SinkCodecs
}

/** Starts writing every final window, whale order and anomaly to InfluxDB. */
export async function startInfluxSink(context: InfluxSinkContext): Promise<RunningService> {
  const { config, logger, metrics, signal, kafka, lines, codecs } = context
  const figures = { written: 0, refused: 0 }
  let wait: Wait | undefined
  const points = metrics.counter({
    name: 'tidemark_points_total',
    help: 'Records by what InfluxDB did with them.',
    labelNames: ['outcome'],
  })
  const retries = metrics.counter({ name: 'tidemark_influx_retries_total', help: 'Writes that had to be repeated.' })

  const writer = patientWriter(lines, {
    signal,
    waiting: (now) => {
      wait = now
      if (now === undefined) return logger.info('InfluxDB takes writes again')
      retries.inc()
      const { failure, attempt, delayMs } = now
      const fields = { attempt, delayMs: Math.round(delayMs), kind: failure.kind }
      logger.warn(fields, `InfluxDB did not take a write, waiting: ${failure.message}`)
    },
  })
  const refused = await refusedRecords({
    kafka,
    topic: deadLetterTopic,
    codecs: Object.values(codecs),
    nowMs: Date.now,
  })
  const sink = influxSink<InfluxPoint>({
    toLine: ({ line }) => line,
    writer,
    refused,
    maxLines: config.INFLUX_MAX_LINES,
    counted: (counts) => {
      figures.written += counts.written
      figures.refused += counts.refused
      points.inc({ outcome: 'written' }, counts.written)
      points.inc({ outcome: 'refused' }, counts.refused)
      if (counts.refused === 0) return
      logger.error({ refused: counts.refused }, `records refused: see topic ${deadLetterTopic} for the reasons`)
    },
  })
  const app = run(influxSinkTopology(codecs, sink), {
    applicationId,
    kafka,
    guarantee: 'at-least-once',
    ...streamsSettings(config),
    logger,
  })
  return streamsService(app, {
    metrics,
    figures: () => ({ ...figures, ...(wait !== undefined && { degradedBy: wait.failure.message }) }),
    close: () => kafka.close(),
  })
}
