import { isUtf8 } from 'node:buffer'
import type { Trade } from '@tidemark/schemas'
import {
  readAggTrade,
  readBookTicker,
  readKline,
  type AggTradeEvent,
  type BookTicker,
  type KlineEvent,
} from './market-events.ts'
import { isFlaw, isObject, notA, type JsonObject } from './payload-fields.ts'
import { quoted, type Flaw, type RejectCode } from './rejection.ts'
import { readTrade } from './trade-payload.ts'

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

/** Events that are known by their name alone: their fields are not read. */
const namedEvents = [
  'avgPrice',
  'blockTrade',
  'depthUpdate',
  'referencePrice',
  'serverShutdown',
  '24hrMiniTicker',
  '24hrTicker',
  '1hTicker',
  '4hTicker',
  '1dTicker',
] as const

/** An event that the exchange documents and that is no single trade. */
export type OtherEventFrame = {
  readonly kind: 'other-event'
  /** The stream's name, of a combined frame: for some events it alone tells the symbol, or whose midnight a candle ends at. */
  readonly stream?: string
} & (
  | { readonly event: 'aggTrade'; readonly data: AggTradeEvent }
  | { readonly event: 'kline'; readonly data: KlineEvent }
  | { readonly event: 'bookTicker'; readonly data: BookTicker }
  | { readonly event: NamedEvent | 'partialDepth' }
)

type NamedEvent = (typeof namedEvents)[number]

/** A frame that can't be understood, with its bytes unchanged (a copy, which does not keep the socket's memory). */
export interface RejectedFrame {
  readonly kind: 'rejected'
  readonly code: RejectCode
  readonly message: string
  readonly bytes: Buffer
  readonly receivedAtMs: number
}

export type Frame = TradeFrame | ReplyFrame | OtherEventFrame | RejectedFrame

const knownNames: ReadonlySet<unknown> = new Set(namedEvents)

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
  const sorted = sortData(data, receivedAtMs)
  return 'event' in sorted ? { ...sorted, stream } : sorted
}

function sortData(data: unknown, receivedAtMs: number): Understood | Flaw {
  if (isObject(data)) return sortPayload(data, receivedAtMs)
  return data === undefined ? notA('object', 'data', data) : sortArray(data, 'field data')
}

/** The streams of all symbols (`!miniTicker@arr`) send arrays of events. */
function sortArray(value: unknown, what = 'the frame'): Understood | Flaw {
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  if (isObject(first) && isNamed(first['e'])) return { kind: 'other-event', event: first['e'] }
  return { code: 'wrong-type', message: `${what} is ${quoted(value)}, not an object` }
}

function sortPayload(payload: JsonObject, receivedAtMs: number): Understood | Flaw {
  const event = payload['e']
  switch (event) {
    case 'trade': {
      const trade = readTrade(payload, receivedAtMs)
      return isFlaw(trade) ? trade : { kind: 'trade', trade }
    }
    case 'aggTrade': {
      const data = readAggTrade(payload)
      return isFlaw(data) ? data : { kind: 'other-event', event, data }
    }
    case 'kline': {
      const data = readKline(payload)
      return isFlaw(data) ? data : { kind: 'other-event', event, data }
    }
    case undefined:
      return sortNameless(payload)
  }
  if (isNamed(event)) return { kind: 'other-event', event }
  if (typeof event !== 'string') return notA('string', 'e', event)
  return { code: 'unknown-event', message: `event ${quoted(event)} is not one the exchange documents` }
}

/** Two kinds of event say what they are by their shape alone. */
function sortNameless(payload: JsonObject): Understood | Flaw {
  if ('u' in payload && 'b' in payload && 'B' in payload && 'a' in payload && 'A' in payload) {
    const data = readBookTicker(payload)
    return isFlaw(data) ? data : { kind: 'other-event', event: 'bookTicker', data }
  }
  if ('lastUpdateId' in payload && 'bids' in payload && 'asks' in payload) {
    return { kind: 'other-event', event: 'partialDepth' }
  }
  return notA('string', 'e', payload['e'])
}

function isNamed(event: unknown): event is NamedEvent {
  return knownNames.has(event)
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
