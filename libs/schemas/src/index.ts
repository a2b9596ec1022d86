export { avroCodec, type AvroCodecOptions, type SchemaNameOf } from './avro-codec.ts'
export type { Codec, Decoded, DecodeIssue, SchemaCodec } from './codec.ts'
export { inMemoryRegistry, type InMemoryRegistry } from './in-memory-registry.ts'
export { recordSchemas } from './record-schemas.ts'
export type {
  Alert,
  FieldSchema,
  MarketAnomaly,
  MarketMetrics,
  RecordSchema,
  SchemaName,
  Trade,
  TradeGap,
  TradePosition,
  WhaleOrder,
  WireRecords,
} from './records.ts'
export { connectRegistry, type RegistryOptions } from './registry.ts'
export {
  compatibilityLevel,
  RegistryError,
  type CompatibilityLevel,
  type RegistryErrorCode,
  type SchemaRegistry,
} from './schema-registry.ts'
export { stringCodec } from './string-codec.ts'
export { topicNames, topics, valueSubject, type TopicDefinition } from './topics.ts'
