export { LATE_WINDOW_HEADER } from './aggregate-operator.ts'
export type { BranchPredicate } from './branch-operator.ts'
export type { RestoreProgress } from './changelog.ts'
export { formatResetUnderWay, statesNamedIn } from './commit-metadata.ts'
export type { Codec, Decoded, DecodeIssue } from './codec.ts'
export { deadLetterRecord, MAX_DEAD_LETTER_BYTES, type DeadLetter } from './dead-letter.ts'
export { durationLabel } from './duration-label.ts'
export { decide, StreamsError, type StreamsErrorCode } from './errors.ts'
export { transactionalIdOf } from './exactly-once.ts'
export type { ExternalSink, SinkOffset, SinkProgress } from './external-sink.ts'
export type { SequenceOptions } from './in-sequence-operator.ts'
export { jsonCodec } from './json-codec.ts'
export { intKeys, longKeys, type KeyCodec, type KeyFormat } from './key-codec.ts'
export { murmur2, partitionForKey } from './partitioner.ts'
export type * from './ports.ts'
export type { ProcessOptions } from './process-operator.ts'
export { readState, type StateEntry } from './read-state.ts'
export { readBatches, readValue, readValues, type ReadRecord } from './read-topic.ts'
export { RecordBatchBuilder, type RecordParts } from './record-batch-builder.ts'
export { recordBatch, RecordCursor, type RecordBatchFields } from './record-batch.ts'
export { RecordCollector, type BytesToWrite, type ValueToWrite } from './record-collector.ts'
export { run, type StreamsApp, type StreamsHealth } from './run.ts'
export { RUN_DEFAULTS, silentLogger, type RecordPlace, type RunOptions, type StreamsLogger } from './run-options.ts'
export { StreamsRuntime, type PartitionHealth } from './runtime.ts'
export { WATERMARK_HEADER } from './source-reader.ts'
export type { StreamRecord } from './stream-record.ts'
export {
  AggregatedStream,
  GroupedStream,
  RekeyedStream,
  SequencedStream,
  Stream,
  stream,
  WindowedStream,
  type Branches,
  type StreamOptions,
  type ToOptions,
} from './stream.ts'
export { Table, table, type TableOptions } from './table.ts'
export { Topology, topology } from './topology.ts'
export { readVarint, readVarlong, varintLength, writeVarint, type VarintCursor } from './varint.ts'
