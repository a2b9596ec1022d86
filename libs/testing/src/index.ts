export { InMemoryGroup } from './in-memory-group.ts'
export { InMemoryKafka } from './in-memory-kafka.ts'
export { ManualClock } from './manual-clock.ts'
export { TestInput, TopologyTestDriver, type OutputRecord, type TestDriverOptions } from './topology-test-driver.ts'
