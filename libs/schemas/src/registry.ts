import { COMPATIBILITY, SchemaRegistry as ConfluentClient, SchemaType } from '@kafkajs/confluent-schema-registry'
import avsc, { type Type } from 'avsc'
import { recordSchemas } from './record-schemas.ts'
import type { SchemaName } from './records.ts'
import { compatibilityLevel, notRegistered, RegistryError } from './schema-registry.ts'
import type { CompatibilityLevel, SchemaRegistry } from './schema-registry.ts'
import { UnknownIds } from './unknown-ids.ts'

export interface RegistryOptions {
  /** The registry's address, whole, with its path: `http://localhost:8081/apis/ccompat/v7`. */
  readonly url: string
  /** How long one request may take. */
  readonly timeoutMs?: number
  /** How often a request is repeated whose failure may pass (no connection, 408, 429, 5xx). */
  readonly maxRetries?: number
  /** The pause before the first repetition; it doubles from there. */
  readonly retryDelayMs?: number
  /** How long an id stays unknown before the registry is asked again. */
  readonly unknownIdTtlMs?: number
  /** Processing time, for `unknownIdTtlMs`. */
  readonly now?: () => number
}

const defaults = { timeoutMs: 10_000, maxRetries: 4, retryDelayMs: 200, unknownIdTtlMs: 60_000, now: Date.now }
const maxRetryDelayMs = 5_000
const retryRandomness = 0.2
const retriableStatuses: readonly number[] = [408, 429, 500, 502, 503, 504]
const unavailableStatus = 503

type ClientOptions = ConstructorParameters<typeof ConfluentClient>[0]
type Middleware = NonNullable<ClientOptions['middlewares']>[number]

/**
 * A client of a Confluent-compatible schema registry. It connects with the first call; a failing call is repeated with growing
 * pauses while that can help, at most `maxRetries` times of at most `timeoutMs` each, and then fails with a `RegistryError`.
 * Ids that the registry does not know are remembered for a while, so that bad records are no storm of requests.
 */
export function connectRegistry(options: RegistryOptions): SchemaRegistry {
  const settings = { ...defaults, ...options, url: options.url.replace(/\/+$/, '') }
  const client = new ConfluentClient(clientOptions(settings))
  const unknownIds = new UnknownIds({ ttlMs: settings.unknownIdTtlMs, now: settings.now })

  return {
    async register(subject, schemaName) {
      const compatibility = await levelFor(settings, subject)
      const registering = client.register(avroSchema(schemaName), { subject, compatibility })
      const { id } = await registering.catch((error: unknown) => {
        throw registryError(error, { url: settings.url, what: `register ${schemaName} for subject ${subject}` })
      })
      return id
    },
    setCompatibility: (level) => putCompatibility(settings, level),
    async idOf(subject, schemaName) {
      try {
        return await client.getRegistryIdBySchema(subject, avroSchema(schemaName))
      } catch (error) {
        if (!isNotFound(error)) throw registryError(error, { url: settings.url, what: `look up subject ${subject}` })
        await expectRegistry(settings)
        throw notRegistered(subject, schemaName)
      }
    },
    async schemaById(id) {
      if (unknownIds.has(id)) return undefined
      try {
        const schema = await client.getSchema(id)
        if (avsc.Type.isType(schema)) return schema as unknown as Type
      } catch (error) {
        if (!isNotFound(error)) throw registryError(error, { url: settings.url, what: `fetch schema ${id}` })
        await expectRegistry(settings)
      }
      unknownIds.add(id)
      return undefined
    },
  }
}

type Settings = Required<RegistryOptions>

function clientOptions({ url, timeoutMs, maxRetries, retryDelayMs }: Settings): ClientOptions {
  const bounded: Middleware = () => ({
    prepareRequest: async (next) => (await next()).enhance({ timeout: timeoutMs }),
  })
  const retry = {
    retries: maxRetries,
    initialRetryTimeInSecs: retryDelayMs / 1000,
    maxRetryTimeInSecs: maxRetryDelayMs / 1000,
    factor: retryRandomness,
    multiplier: 2,
    // All calls may be repeated: registering what is registered changes nothing.
    enableRetry: () => true,
    validateRetry: (response: { status(): number; error(): Error | null }) =>
      response.error() !== null || retriableStatuses.includes(response.status()),
  }
  return { host: url, retry, middlewares: [bounded] }
}

function avroSchema(schemaName: SchemaName) {
  return { type: SchemaType.AVRO as const, schema: JSON.stringify(recordSchemas[schemaName]) }
}

/** The client has no call for the global level. */
async function putCompatibility(settings: Settings, compatibility: CompatibilityLevel): Promise<void> {
  const { url } = settings
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  const body = JSON.stringify({ compatibility })
  const response = await request(settings, '/config', { method: 'PUT', headers, body })
  if (response.ok) return
  const what = `set the compatibility level ${compatibility}`
  throw registryError({ status: response.status, message: await response.text() }, { url, what })
}

/**
 * The level that a subject has, or ours for one without: the client refuses to register where it is told another one than the
 * registry reports, and some report NONE for every subject without a level of its own, while they enforce the level of all.
 */
async function levelFor(settings: Settings, subject: string): Promise<COMPATIBILITY> {
  const response = await request(settings, `/config/${encodeURIComponent(subject)}`, {})
  if (response.status === 404) return COMPATIBILITY[compatibilityLevel]
  if (response.ok) return ((await response.json()) as { compatibilityLevel: COMPATIBILITY }).compatibilityLevel
  const what = `ask for the compatibility level of subject ${subject}`
  throw registryError({ status: response.status, message: await response.text() }, { url: settings.url, what })
}

/** A wrong path answers every question with 404: without this check each record would be dead-lettered for it. */
async function expectRegistry(settings: Settings): Promise<void> {
  const response = await request(settings, '/subjects', {})
  const isList = response.ok && Array.isArray(await response.json().catch(() => undefined))
  if (isList) return
  const what = `answers ${response.status} to /subjects: does SCHEMA_REGISTRY_URL name the whole path of a registry?`
  throw new RegistryError('not-a-registry', `${settings.url} ${what}`)
}

async function request(settings: Settings, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(settings.url + path, { ...init, signal: AbortSignal.timeout(settings.timeoutMs) })
  } catch (error) {
    const { cause, message } = error as Error
    throw registryError(
      { status: unavailableStatus, message: cause instanceof Error ? cause.message : message },
      { url: settings.url, what: `ask for ${path}` },
    )
  }
}

function isNotFound(error: unknown): boolean {
  // Where a lookup by schema finds nothing, the client throws an error of its own, without the status.
  return statusOf(error) === 404 || (error as Error).name === 'ConfluentSchemaRegistryError'
}

function statusOf(error: unknown): number | undefined {
  const { status, message } = error as { status?: unknown; message: string }
  // The client gives a request without an answer the status 400 and these words; a registry's 400 has words of its own.
  if (status === 400 && message.includes('Error, status 400: ')) return unavailableStatus
  return typeof status === 'number' ? status : undefined
}

function registryError(error: unknown, { url, what }: { url: string; what: string }): RegistryError {
  const status = statusOf(error)
  const { message } = error as Error
  const failed = (why: string) => `schema registry ${url}: can't ${what}: ${why}: ${message}`
  if (status === undefined) return new RegistryError('refused', failed('refused by the client'), { cause: error })
  if (retriableStatuses.includes(status)) {
    return new RegistryError('unavailable', failed(`no good answer (${status}); is it running there?`), {
      cause: error,
    })
  }
  if (status === 409) return new RegistryError('incompatible', failed('readers could not read it'), { cause: error })
  return new RegistryError('refused', failed(`answer ${status}`), { cause: error })
}
