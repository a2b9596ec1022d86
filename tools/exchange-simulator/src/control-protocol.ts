import { parseControl } from './control-message.ts'
import type { ControlMessage } from './control-message.ts'
import { MAX_STREAMS } from './stream-url.ts'

/** What a connection has asked for. */
export interface Subscriptions {
  /** In the order they were subscribed. */
  readonly streams: ReadonlySet<string>
  readonly combined: boolean
}

/** Nested is what the exchange was seen to send, `{"error":{"code","msg"},"id"}`; flat is what its documents show. */
export type ErrorShape = 'nested' | 'flat'

export interface ControlAnswer {
  /** The text frame to send back. Never wrapped in `{"stream","data"}`. */
  readonly reply: string
  readonly subscriptions: Subscriptions
}

type Outcome = { ok: true; result: unknown; subscriptions: Subscriptions } | { ok: false; code: number; msg: string }

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const

/**
 * Answers one control message: the reply, and what the connection is subscribed to afterwards. An error changes nothing.
 * Error texts are the documented ones, word for word, because clients match on them; the one for `params` that is no
 * list of names is ours, since none is documented.
 */
export function answerControl(text: string, subscriptions: Subscriptions, shape: ErrorShape = 'nested'): ControlAnswer {
  const parsed = parseControl(text)
  if (!parsed.ok) {
    const msg = `Invalid JSON: expected value at line ${parsed.line} column ${parsed.column}`
    return { reply: errorReply({ code: 3, msg }, undefined, shape), subscriptions }
  }
  const { idJson } = parsed.message
  const outcome = apply(parsed.message, text, subscriptions)
  if (!outcome.ok) return { reply: errorReply(outcome, idJson, shape), subscriptions }
  return { reply: `{"result":${JSON.stringify(outcome.result)},"id":${idJson}}`, subscriptions: outcome.subscriptions }
}

function apply({ fields, idJson }: ControlMessage, text: string, subscriptions: Subscriptions): Outcome {
  const { method, params } = fields
  if (method === undefined) return invalid(`missing field \`method\` at line 1 column ${text.length}`)
  if (!(METHODS as readonly unknown[]).includes(method)) {
    const name = typeof method === 'string' ? method : JSON.stringify(method)
    const column = text.indexOf(name) + name.length + 1
    const expected = METHODS.map((known) => `\`${known}\``).join(', ')
    return invalid(`unknown variant ${name}, expected one of ${expected} at line 1 column ${column}`)
  }
  if (idJson === undefined) return invalid('request ID must be an unsigned integer')
  if (method === 'SET_PROPERTY' || method === 'GET_PROPERTY') return applyProperty(method, params, subscriptions)
  if (method === 'LIST_SUBSCRIPTIONS') {
    if (Array.isArray(params) && params.length > 0) return invalid('too many parameters')
    return { ok: true, result: [...subscriptions.streams], subscriptions }
  }
  if (!isStringList(params)) return invalid('params must be a list of stream names')
  return changeStreams(method === 'SUBSCRIBE', params, subscriptions)
}

function changeStreams(adds: boolean, names: readonly string[], subscriptions: Subscriptions): Outcome {
  const streams = new Set(subscriptions.streams)
  for (const name of names) {
    if (adds) streams.add(name)
    else streams.delete(name)
  }
  if (streams.size > MAX_STREAMS) return { ok: false, code: 4, msg: 'Too many subscriptions' }
  return { ok: true, result: null, subscriptions: { ...subscriptions, streams } }
}

function applyProperty(
  method: 'SET_PROPERTY' | 'GET_PROPERTY',
  params: unknown,
  subscriptions: Subscriptions,
): Outcome {
  const [name, value, ...others] = Array.isArray(params) ? (params as unknown[]) : []
  const isSet = method === 'SET_PROPERTY'
  if (others.length > 0 || (!isSet && value !== undefined)) return invalid('too many parameters')
  if (typeof name !== 'string') return invalid('property name must be a string')
  if (name !== 'combined') return { ok: false, code: 0, msg: 'Unknown property' }
  if (!isSet) return { ok: true, result: subscriptions.combined, subscriptions }
  if (typeof value !== 'boolean') return { ok: false, code: 1, msg: 'Invalid value type: expected Boolean' }
  return { ok: true, result: null, subscriptions: { ...subscriptions, combined: value } }
}

function invalid(issue: string): Outcome {
  return { ok: false, code: 2, msg: `Invalid request: ${issue}` }
}

function errorReply(error: { code: number; msg: string }, idJson: string | undefined, shape: ErrorShape): string {
  const body = `"code":${error.code},"msg":${JSON.stringify(error.msg)}`
  const id = idJson === undefined ? '' : `,"id":${idJson}`
  return shape === 'flat' ? `{${body}${id}}` : `{"error":{${body}}${id}}`
}

function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
