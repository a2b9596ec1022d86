import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { apiName, kafkaApis, type KafkaApi } from './kafka-apis.ts'

/**
 * What happens to a request or a response.
 * - `drop`: it is swallowed, and what follows on the connection goes on. A response that is dropped was carried out by the broker.
 * - `silence`: it and everything behind it on the connection in its direction is swallowed: the peer is gone without a word.
 * - `close`: it is swallowed and the connection is closed. A request so lost was not carried out, a response's request was.
 * - `delayMs`: it, and what follows on the connection in its direction, arrives that much later.
 */
export type FaultAction = 'drop' | 'silence' | 'close' | { readonly delayMs: number }

const DIRECTIONS: readonly unknown[] = ['request', 'response']
const ACTIONS: readonly unknown[] = ['drop', 'silence', 'close']
/** Timers go off at once above it. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Which frames meet with a fault: those that fit all that is given, and with neither `nth` nor `probability` each of them. */
export interface FaultRule {
  /** As in stats, and what chance goes by; `rule 1`, `rule 2`, … if left out. */
  readonly name?: string
  readonly on: 'request' | 'response'
  /** Any API if left out. */
  readonly api?: KafkaApi | readonly KafkaApi[]
  /** As the client names itself. */
  readonly clientId?: string | RegExp
  /** Only the nth frame that fits, from 1; counted over all connections from when the rule was added. */
  readonly nth?: number
  /** Between 0 and 1, for each frame that fits. */
  readonly probability?: number
  /** At most this many faults. */
  readonly limit?: number
  readonly action: FaultAction
}

/** What a rule is held against. */
export interface FrameSeen {
  readonly on: 'request' | 'response'
  readonly apiKey: number
  readonly clientId: string | null
}

/** A frame that met with a fault. */
export interface Fault {
  readonly rule: string
  readonly on: 'request' | 'response'
  /** Such as `Produce`. */
  readonly api: string
  readonly clientId: string | null
  readonly action: FaultAction
}

/**
 * Chance from 0 up to 1, for the nth frame that fits a rule of a name. `Math.random` will do; with `seededChance` a run can be
 * repeated.
 */
export type Chance = (rule: string, nth: number) => number

const TWO_TO_32 = 0x1_0000_0000

/**
 * The same faults for the same seed: the nth frame that fits a rule meets with one or not, whatever other rules and
 * connections do in between. (The first 32 bits of a SHA-256 over seed, rule and n.)
 */
export function seededChance(seed: number | string): Chance {
  return (rule, nth) => createHash('sha256').update(`${seed}\n${rule}\n${nth}`).digest().readUInt32BE() / TWO_TO_32
}

interface RuleInForce {
  readonly name: string
  readonly rule: FaultRule
  readonly apiKeys: readonly number[] | undefined
  fitting: number
  faults: number
}

/** The rules in force and what they have done. Rules are asked in their order; the first one that has a fault decides. */
export class FaultRules {
  readonly #chance: Chance | undefined
  #rules: RuleInForce[] = []
  #added = 0
  readonly #counts = new Map<string, number>()

  constructor(chance?: Chance) {
    this.#chance = chance
  }

  /** Returns what takes the rule away again. Throws a RangeError that says what can't be. */
  add(rule: FaultRule): () => void {
    const name = rule.name ?? `rule ${this.#added + 1}`
    this.#check(name, rule)
    this.#added++
    const apiKeys = rule.api === undefined ? undefined : [rule.api].flat().map((api) => kafkaApis[api])
    const inForce = { name, rule, apiKeys, fitting: 0, faults: 0 }
    this.#rules.push(inForce)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== inForce)
    }
  }

  clear(): void {
    this.#rules = []
  }

  /** Faults so far by the name of their rule, also of rules that are gone. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  /** The fault that a frame meets with, if any. A rule counts only the frames that no earlier rule has a fault for. */
  decide(frame: FrameSeen): Fault | undefined {
    const struck = this.#rules.find((inForce) => fits(inForce, frame) && this.#strikes(inForce))
    if (struck === undefined) return undefined
    this.#counts.set(struck.name, (this.#counts.get(struck.name) ?? 0) + 1)
    return {
      rule: struck.name,
      on: frame.on,
      api: apiName(frame.apiKey),
      clientId: frame.clientId,
      action: struck.rule.action,
    }
  }

  #strikes(inForce: RuleInForce): boolean {
    const { name, rule } = inForce
    const nth = ++inForce.fitting
    if (inForce.faults >= (rule.limit ?? Infinity)) return false
    if (rule.nth !== undefined && rule.nth !== nth) return false
    if (rule.probability !== undefined && (this.#chance?.(name, nth) ?? 1) >= rule.probability) return false
    inForce.faults++
    return true
  }

  #check(name: string, { on, api, clientId, nth, probability, limit, action }: FaultRule): void {
    const refuse = (complaint: string): never => {
      throw new RangeError(`fault rule "${name}": ${complaint}`)
    }
    if (this.#rules.some((other) => other.name === name)) refuse('there is one of this name already')
    if (!DIRECTIONS.includes(on)) refuse(`on is ${inspect(on)}, not request or response`)
    if (Array.isArray(api) && api.length === 0) refuse('api is an empty list: leave it out for any')
    const unknown = [api ?? []].flat().find((wanted) => !Object.hasOwn(kafkaApis, wanted))
    if (unknown !== undefined) refuse(`${unknown} is no API of Kafka's`)
    if (!isClient(clientId)) refuse(`clientId is ${inspect(clientId)}, neither text nor a pattern`)
    if (nth !== undefined && !(Number.isInteger(nth) && nth >= 1)) refuse(`nth is ${nth}: count from 1`)
    if (limit !== undefined && !(limit >= 0)) refuse(`limit is ${limit}`)
    if (typeof action !== 'object' || (action as unknown) === null) {
      if (!ACTIONS.includes(action)) refuse(`action is ${inspect(action)}, not drop, silence, close or { delayMs }`)
    } else if (!(action.delayMs >= 0 && action.delayMs <= MAX_DELAY_MS)) refuse(`delayMs is ${action.delayMs}`)
    if (probability === undefined) return
    if (!(probability >= 0 && probability <= 1)) refuse(`probability is ${probability}, not between 0 and 1`)
    if (this.#chance === undefined) refuse('has a probability: give the proxy `random`, such as seededChance(1)')
  }
}

function isClient(clientId: unknown): boolean {
  return clientId === undefined || typeof clientId === 'string' || clientId instanceof RegExp
}

function fits({ rule, apiKeys }: RuleInForce, { on, apiKey, clientId }: FrameSeen): boolean {
  if (rule.on !== on) return false
  if (apiKeys !== undefined && !apiKeys.includes(apiKey)) return false
  if (rule.clientId === undefined) return true
  return typeof rule.clientId === 'string' ? rule.clientId === clientId : (clientId ?? '').search(rule.clientId) >= 0
}
