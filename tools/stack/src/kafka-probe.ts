import { connect } from 'node:net'

/** What a broker says of its cluster. */
export interface KafkaView {
  /** The brokers that are up, by node id. */
  readonly brokers: readonly number[]
  /** Partitions of which a replica is not in sync, or which have no leader. */
  readonly lagging: number
}

const probeLimitMs = 5_000
const sizeBytes = 4
const maxAnswerBytes = 64 * 1024 * 1024

/** Metadata v1 with correlation id 1 and no client id, of no topics or of all (Kafka protocol guide). */
const requestOf = (topics: 'none' | 'all'): Buffer =>
  Buffer.from([
    0,
    0,
    0,
    14,
    0,
    3,
    0,
    1,
    0,
    0,
    0,
    1,
    0xff,
    0xff,
    ...(topics === 'none' ? [0, 0, 0, 0] : [0xff, 0xff, 0xff, 0xff]),
  ])

/** Asks the Kafka broker on a port of loopback; undefined where none answers, or something else does. */
export async function askKafka(port: number, topics: 'none' | 'all'): Promise<KafkaView | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let answer = Buffer.alloc(0)
    const settle = (view: KafkaView | undefined): void => {
      socket.destroy()
      resolve(view)
    }
    socket.setTimeout(probeLimitMs, () => settle(undefined))
    socket.once('error', () => settle(undefined))
    socket.once('close', () => settle(undefined))
    socket.once('connect', () => socket.write(requestOf(topics)))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length < sizeBytes) return
      const size = answer.readUInt32BE(0)
      if (size > maxAnswerBytes) settle(undefined)
      else if (answer.length >= sizeBytes + size) settle(readMetadata(answer.subarray(sizeBytes)))
    })
  })
}

/** Reads a Metadata v1 response, correlation id included; undefined for anything else. */
export function readMetadata(response: Buffer): KafkaView | undefined {
  let at = 0
  const int16 = (): number => response.readInt16BE((at += 2) - 2)
  const int32 = (): number => response.readInt32BE((at += 4) - 4)
  const skipText = (): void => {
    const length = int16()
    at += Math.max(0, length)
  }
  const list = <T>(element: () => T): T[] => {
    const elements: T[] = []
    for (let left = int32(); left > 0; left--) elements.push(element())
    return elements
  }
  try {
    if (int32() !== 1) return undefined
    const brokers = list(() => {
      const nodeId = int32()
      skipText()
      int32() // port
      skipText() // rack
      return nodeId
    })
    int32() // controller
    const partitions = list(() => {
      int16() // error
      skipText() // topic
      at += 1 // is_internal
      return list(() => {
        at += 6 // error, partition
        const leader = int32()
        const [replicas, inSync] = [list(int32), list(int32)]
        return leader < 0 || inSync.length < replicas.length
      })
    })
    return { brokers, lagging: partitions.flat().filter(Boolean).length }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
