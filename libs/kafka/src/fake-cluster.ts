import { StreamsError } from '@tidemark/streams'
import type { BrokerConnection } from './broker-connection.ts'
import { ClusterLink } from './cluster-link.ts'
import type { KafkaLogger } from './logger.ts'
import { ManualTime } from './manual-time.ts'
import { ByteReader } from './protocol/byte-reader.ts'
import { ByteWriter } from './protocol/byte-writer.ts'
import type { Call } from './protocol/call.ts'
import type { MetadataResponse } from './protocol/metadata.ts'

/** A request as a broker gets it: its name, and a reader over its body. */
export interface Asked {
  readonly nodeId: number
  readonly apiName: string
  readonly body: ByteReader
}

/** What a request is answered with: a decoded response, or an error of the connection. */
export type Answer = (asked: Asked) => unknown

/**
 * Brokers 1 and 2, with the partitions of topic `t` led in turn by each, of which a test says how they answer. Requests are
 * encoded for real; answers are given decoded.
 */
export class FakeCluster {
  readonly answers = new Map<string, Answer>()
  /** Brokers that metadata says to be at other addresses than `broker` with their id as the port. */
  readonly elsewhere = new Map<number, BrokerConnection>()
  readonly asked: Asked[] = []
  /** The ports that connections were made for. */
  readonly connected: number[] = []
  readonly logged: { level: string; message: string }[] = []
  readonly time: ManualTime
  readonly link: ClusterLink
  /** Leader of partition p of topic `t`, by p; -1 for none. */
  leaders: number[]

  constructor({ time = new ManualTime({ skipping: true }), leaders = [1, 2] } = {}) {
    this.time = time
    this.leaders = leaders
    this.link = new ClusterLink({
      bootstrapServers: [{ host: 'broker', port: 1 }],
      connect: ({ host, port }) => {
        this.connected.push(port)
        const moved = [...this.elsewhere.values()].find(({ address }) => address.host === host && address.port === port)
        return moved ?? this.#connection(port)
      },
      time,
      logger: this.#logger(),
      retryForMs: 60_000,
    })
    this.answers.set('Metadata', () => this.metadata())
  }

  /** Requests of one kind that have come so far. */
  count(apiName: string): number {
    return this.asked.filter((asked) => asked.apiName === apiName).length
  }

  metadata(): MetadataResponse {
    return {
      brokers: [1, 2].map((nodeId) => {
        const { host, port } = this.elsewhere.get(nodeId)?.address ?? { host: 'broker', port: nodeId }
        return { nodeId, host, port, rack: null }
      }),
      topics: [
        {
          errorCode: 0,
          topic: 't',
          partitions: this.leaders.map((leaderId, partition) => ({
            errorCode: 0,
            partition,
            leaderId,
            leaderEpoch: 0,
            replicas: [leaderId],
          })),
        },
      ],
    }
  }

  #connection(nodeId: number): BrokerConnection {
    return {
      address: { host: 'broker', port: nodeId },
      send: async <T>(call: Call<T>): Promise<T> => {
        const writer = new ByteWriter()
        call.encode(writer)
        const asked = { nodeId, apiName: call.apiName, body: new ByteReader(writer.bytes) }
        this.asked.push(asked)
        const answer = this.answers.get(call.apiName)
        if (answer === undefined) throw new Error(`the test gives no answer to ${call.apiName}`)
        return (await answer(asked)) as T
      },
      close: async () => {},
    }
  }

  #logger(): KafkaLogger {
    const log = (level: string) => (_: object, message: string) => {
      this.logged.push({ level, message })
    }
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
}

/** What a connection fails with when it is lost. */
export function connectionLost(): StreamsError {
  return new StreamsError('broker-unavailable', 'broker: connection lost', { retriable: true })
}
