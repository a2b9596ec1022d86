import process from 'node:process'
import { Kafka, Partitioners, type Message } from 'kafkajs'
import { WebSocket } from 'ws'
import { Latencies } from '../percentiles.ts'

// A feed as it is written in an afternoon: what has arrived since the last request goes out in the next one. No ids are checked, nothing
// is asked for again, nothing is written in a transaction.

interface Frame {
  readonly stream: string
  readonly data: { readonly e: string; readonly s: string }
}

const [url = '', bootstrapServers = '', topic = '', names = ''] = process.argv.slice(2)
const acknowledged = new Latencies()
const kafka = new Kafka({ clientId: 'bare-feed', brokers: bootstrapServers.split(',') })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()

let messages: Message[] = []
let receivedMs: number[] = []
let isSending = false

async function sendOn(): Promise<void> {
  if (isSending) return
  isSending = true
  while (messages.length > 0) {
    const [batch, received] = [messages, receivedMs]
    messages = []
    receivedMs = []
    await producer.send({ topic, acks: -1, messages: batch })
    const nowMs = performance.now()
    for (const eachMs of received) acknowledged.add(nowMs - eachMs)
  }
  isSending = false
}

const streams = names.split(',').map((name) => `${name.toLowerCase()}@trade`)
// An address of all of them is too long for many a server.
const socket = new WebSocket(`${url}/stream?streams=${streams.slice(0, 200).join('/')}`)
socket.on('open', () => {
  for (let from = 200, id = 1; from < streams.length; from += 200, id++) {
    socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: streams.slice(from, from + 200), id }))
  }
})
socket.on('message', (bytes: Buffer) => {
  const frame = JSON.parse(bytes.toString()) as Partial<Frame>
  if (frame.data?.e !== 'trade') return
  messages.push({ key: frame.data.s, value: JSON.stringify(frame.data) })
  receivedMs.push(performance.now())
  void sendOn()
})

process.on('message', (asked) => {
  if (asked === 'begin') acknowledged.reset()
  else process.send?.(acknowledged.percentiles)
})
process.once('SIGTERM', () => {
  socket.terminate()
  void producer.disconnect().then(() => process.exit(0))
})
