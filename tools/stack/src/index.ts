export { cacheFolder } from './artefact-cache.ts'
export { stackEnvironment } from './environment.ts'
export { freePorts } from './free-ports.ts'
export type { Host, LaunchOptions } from './launch-context.ts'
export {
  checkPortFree,
  defaultPorts,
  portNames,
  portOffsets,
  portsFromBase,
  portSettings,
  type PortName,
  type StackPorts,
} from './ports.ts'
export { prepareTopics } from './prepare-topics.ts'
export { lineProgress, terminalProgress, type Progress, type ProgressTask } from './progress.ts'
export { serviceNames, type ServiceName } from './services.ts'
export { StackError, type StackErrorCode } from './stack-error.ts'
export { startCluster, type Cluster, type ClusterOptions } from './start-cluster.ts'
export { fetchServers, startStack, type InfluxOutcome, type Stack, type StackOptions } from './start-stack.ts'
export { superviseProcess, type SupervisedOptions, type SupervisedProcess } from './supervised-process.ts'
export { onStopSignals, type SignalSource, type StopActions } from './stop-signals.ts'
