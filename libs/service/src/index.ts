export {
  ConfigError,
  loadConfig,
  printableConfig,
  WRONG_SETTINGS_EXIT_CODE,
  type Environment,
  type LoadConfigOptions,
} from './config.ts'
export {
  commaList,
  durationMs,
  durationS,
  flag,
  httpUrl,
  integer,
  logLevels,
  port,
  secret,
  serviceFields,
  type IntegerOptions,
  type LogLevel,
} from './fields.ts'
export {
  startHealthServer,
  type HealthReport,
  type HealthServer,
  type HealthServerOptions,
  type HealthSource,
  type HealthStatus,
} from './health-server.ts'
export { kafkaConfig, kafkaSettings, saslMechanisms, type KafkaSettings, type SaslMechanism } from './kafka-config.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { createMetrics, type Counter, type Gauge, type Histogram, type Metrics } from './metrics.ts'
export {
  runService,
  type ProcessBindings,
  type RunningService,
  type ServiceContext,
  type ServiceOptions,
} from './run-service.ts'
export type { StreamsLike, StreamsLikeHealth } from './streams-like.ts'
export { streamsService, type StreamsServiceOptions } from './streams-service.ts'
export { streamsFields, streamsSettings, type RecordPlace } from './streams-config.ts'
export { StopRequestedError, unlessStopped, type UnlessStoppedOptions } from './unless-stopped.ts'
