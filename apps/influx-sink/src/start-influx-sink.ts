import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject, type MarketMetrics } from '@tidemark/schemas'
import { kafkaSettings, streamsService, type RunningService, type ServiceContext } from '@tidemark/service'
import { run } from '@tidemark/streams'
import type { Config } from './config.ts'
import { influxLines } from './influx-lines.ts'
import { influxSink } from './influx-sink.ts'
import { marketMetricsLine } from './market-metrics-line.ts'
import { patientWriter, type Wait } from './patient-writer.ts'
import { refusedRecords } from './refused-records.ts'
import { influxSinkTopology } from './topology.ts'

const applicationId = 'influx-sink'

/** Wires metrics -> points. */
export async function startInfluxSink({
  config,
  logger,
  metrics,
  signal,
}: ServiceContext<Config>): Promise<RunningService> {
  const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger })
  const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
  const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: valueSubject(topicNames.marketMetrics) })
  const figures = { written: 0, refused: 0 }
  let wait: Wait | undefined
  const points = metrics.counter({
    name: 'tidemark_points_total',
    help: 'Records by what InfluxDB did with them.',
    labelNames: ['outcome'],
  })
  const retries = metrics.counter({ name: 'tidemark_influx_retries_total', help: 'Writes that had to be repeated.' })

  const writer = patientWriter(
    influxLines({
      url: config.INFLUX_URL,
      token: config.INFLUX_TOKEN,
      org: config.INFLUX_ORG,
      bucket: config.INFLUX_BUCKET,
      timeoutMs: config.INFLUX_TIMEOUT_MS,
    }),
    {
      signal,
      waiting: (now) => {
        wait = now
        if (now === undefined) return logger.info('InfluxDB takes writes again')
        retries.inc()
        const { failure, attempt, delayMs } = now
        logger.warn(
          { attempt, delayMs: Math.round(delayMs), kind: failure.kind },
          `InfluxDB did not take a write, waiting: ${failure.message}`,
        )
      },
    },
  )
  const refused = await refusedRecords({ kafka, topic: `${applicationId}-dlq`, codec, nowMs: Date.now })
  const sink = influxSink({
    toLine: marketMetricsLine,
    writer,
    refused,
    maxLines: config.INFLUX_MAX_LINES,
    counted: (counts) => {
      figures.written += counts.written
      figures.refused += counts.refused
      points.inc({ outcome: 'written' }, counts.written)
      points.inc({ outcome: 'refused' }, counts.refused)
      if (counts.refused > 0)
        logger.error({ refused: counts.refused }, `records refused: see topic ${applicationId}-dlq for the reasons`)
    },
  })
  const app = run(influxSinkTopology(codec, sink), {
    applicationId,
    kafka,
    guarantee: 'at-least-once',
    commitIntervalMs: config.COMMIT_INTERVAL_MS,
    logger,
  })
  return streamsService(app, {
    figures: () => ({ ...figures, ...(wait !== undefined && { degradedBy: wait.failure.message }) }),
    close: () => kafka.close(),
  })
}
