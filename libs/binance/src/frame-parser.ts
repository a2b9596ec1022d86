import { isUtf8 } from 'node:buffer'
import type { Trade } from '@tidemark/schemas'
import { quoted, type Flaw, type RejectCode } from './rejection.ts'
import { isFlaw, notA, readTrade, type JsonObject } from './trade-payload.ts'

/** Frames above this are rejected as `oversized` without being parsed: the exchange's are a few hundred bytes. */
export const defaultMaxFrameBytes = 1_000_000

export interface FrameContext {
  /** True for a binary WebSocket frame; the JSON streams send none. */
  readonly binary: boolean
  /** This machine's time of arrival. */
  readonly receivedAtMs: number
  readonly maxFrameBytes?: number
}

export interface TradeFrame {
  readonly kind: 'trade'
  readonly trade: Trade
}

/** The answer to a control message such as SUBSCRIBE. */
export interface ReplyFrame {
  readonly kind: 'reply'
  readonly id: string | number | null
  /** Set where the exchange refused the request. */
  readonly error?: { readonly code: number | null; readonly message: string }
}

/** An event that the exchange documents and that is no single trade: `aggTrade`, `serverShutdown`, … */
export interface OtherEventFrame {
  readonly kind: 'other-event'
  readonly event: string
}

/** A frame that can't be understood, with its bytes unchanged (a copy, which does not keep the socket's memory). */
export interface RejectedFrame {
  readonly kind: 'rejected'
  readonly code: RejectCode
  readonly message: string
  readonly bytes: Buffer
  readonly receivedAtMs: number
}

export type Frame = TradeFrame | ReplyFrame | OtherEventFrame | RejectedFrame

const otherEvents: ReadonlySet<unknown> = new Set([
  'aggTrade',
  'avgPrice',
  'blockTrade',
  'depthUpdate',
  'kline',
  'referencePrice',
  'serverShutdown',
  '24hrMiniTicker',
  '24hrTicker',
  '1hTicker',
  '4hTicker',
  '1dTicker',
])

/**
 * Sorts one WebSocket frame of the exchange's market data: raw or combined (`{"stream","data"}`), an event or a reply. Never throws: what
 * is not understood is `rejected`, with a code of the closed list `rejectCodes`. Pure: the same frame and context give the same answer.
 */
export function parseFrame(frame: Buffer | string, context: FrameContext): Frame {
  const parsed = sort(frame, context)
  if (!('code' in parsed)) return parsed
  const { code, message } = parsed
  return { kind: 'rejected', code, message, bytes: Buffer.from(frame as string), receivedAtMs: context.receivedAtMs }
}

type Understood = TradeFrame | ReplyFrame | OtherEventFrame

function sort(frame: Buffer | string, context: FrameContext): Understood | Flaw {
  const { maxFrameBytes = defaultMaxFrameBytes } = context
  const length = typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length
  if (length === 0) return { code: 'empty', message: 'the frame is empty' }
  if (length > maxFrameBytes) {
    return { code: 'oversized', message: `the frame has ${length} bytes, the limit is ${maxFrameBytes}` }
  }
  if (context.binary) return { code: 'binary', message: `a binary frame of ${length} bytes on a JSON stream` }
  const json = parseJson(frame)
  if ('flaw' in json) return json.flaw
  return sortJson(json.value, context.receivedAtMs)
}

function parseJson(frame: Buffer | string): { readonly value: unknown } | { readonly flaw: Flaw } {
  const text = typeof frame === 'string' ? frame : frame.toString('utf8')
  const replaced = text.includes('\uFFFD')
  if (replaced && typeof frame !== 'string' && !isUtf8(frame)) {
    return { flaw: { code: 'not-json', message: 'the frame is not UTF-8' } }
  }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    if (text.trim() === '') return { flaw: { code: 'empty', message: 'the frame holds nothing but white space' } }
    return { flaw: { code: 'not-json', message: `the frame is not JSON: ${quoted(text)}` } }
  }
}

function sortJson(value: unknown, receivedAtMs: number): Understood | Flaw {
  if (!isObject(value)) return sortArray(value)
  if (!('stream' in value) && !('data' in value))
    return isReply(value) ? readReply(value) : sortPayload(value, receivedAtMs)
  const { stream, data } = value
  if (typeof stream !== 'string') return notA('string', 'stream', stream)
  if (isObject(data)) return sortPayload(data, receivedAtMs)
  return data === undefined ? notA('object', 'data', data) : sortArray(data, 'field data')
}

/** The streams of all symbols (`!miniTicker@arr`) send arrays of events. */
function sortArray(value: unknown, what = 'the frame'): Understood | Flaw {
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  if (isObject(first) && otherEvents.has(first['e'])) return { kind: 'other-event', event: first['e'] as string }
  return { code: 'wrong-type', message: `${what} is ${quoted(value)}, not an object` }
}

function sortPayload(payload: JsonObject, receivedAtMs: number): Understood | Flaw {
  const event = payload['e']
  if (event === 'trade') {
    const trade = readTrade(payload, receivedAtMs)
    return isFlaw(trade) ? trade : { kind: 'trade', trade }
  }
  if (otherEvents.has(event)) return { kind: 'other-event', event: event as string }
  if (event === undefined) {
    const nameless = namelessEvent(payload)
    return nameless === undefined ? notA('string', 'e', event) : { kind: 'other-event', event: nameless }
  }
  if (typeof event !== 'string') return notA('string', 'e', event)
  return { code: 'unknown-event', message: `event ${quoted(event)} is not one the exchange documents` }
}

/** Two kinds of event say what they are by their shape alone. */
function namelessEvent(payload: JsonObject): string | undefined {
  if ('u' in payload && 'b' in payload && 'B' in payload && 'a' in payload && 'A' in payload) return 'bookTicker'
  if ('lastUpdateId' in payload && 'bids' in payload && 'asks' in payload) return 'partialDepth'
  return undefined
}

function isReply(value: JsonObject): boolean {
  return !('e' in value) && ('result' in value || 'error' in value || ('code' in value && 'msg' in value))
}

/** Errors are documented flat and seen nested under `error`: both are read. */
function readReply(value: JsonObject): ReplyFrame {
  const id = typeof value['id'] === 'string' || typeof value['id'] === 'number' ? value['id'] : null
  const error = 'error' in value ? value['error'] : 'code' in value ? value : undefined
  if (error === undefined || error === null) return { kind: 'reply', id }
  const { code, msg } = isObject(error) ? error : { code: null, msg: error }
  return {
    kind: 'reply',
    id,
    error: { code: typeof code === 'number' ? code : null, message: typeof msg === 'string' ? msg : 'no text' },
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
