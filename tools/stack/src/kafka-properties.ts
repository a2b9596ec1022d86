/** One Kafka process on loopback: broker and controller in one. */
export interface KafkaNode {
  readonly nodeId: number
  readonly port: number
  readonly controllerPort: number
}

export interface KafkaPropertiesOptions {
  readonly node: KafkaNode
  /** All nodes of the cluster, this one among them. */
  readonly nodes: readonly KafkaNode[]
  readonly logDir: string
  /** How long a broker may be silent before its partitions are led by others. */
  readonly brokerSessionTimeoutMs: number
}

const maxReplicas = 3

/**
 * Settings of a node for development: quick to start and to rebalance, and no topic by typing error. All is replicated
 * as widely as there are nodes, up to three times, and one replica less has to be in sync.
 */
export function kafkaProperties({ node, nodes, logDir, brokerSessionTimeoutMs }: KafkaPropertiesOptions): string {
  const replicas = Math.min(maxReplicas, nodes.length)
  const minInSync = Math.max(1, replicas - 1)
  const settings = {
    // A topic that says nothing of retention keeps everything: brokers judge by record times, and a replay's are years old.
    'log.retention.ms': -1,
    'process.roles': 'broker,controller',
    'node.id': node.nodeId,
    // Fixed voters, so that a data dir can move to other ports: a dynamic quorum keeps the controller's address in its log.
    'controller.quorum.voters': nodes
      .map(({ nodeId, controllerPort }) => `${nodeId}@127.0.0.1:${controllerPort}`)
      .join(),
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    // The default of 50 partitions each makes the first consumer and the first transaction wait for seconds.
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.num.partitions': 8,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'broker.session.timeout.ms': brokerSessionTimeoutMs,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
