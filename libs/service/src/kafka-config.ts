import { z } from 'zod'
import { flag, secret } from './fields.ts'

/** How passwords travel to the brokers. */
export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

export type SaslMechanism = (typeof saslMechanisms)[number]

const kafkaFields = {
  KAFKA_BOOTSTRAP_SERVERS: z
    .string()
    .refine((text) => text.split(',').every((server) => isHostAndPort(server.trim())))
    .describe('brokers as host:port, separated by commas')
    .default('localhost:9092'),
  KAFKA_SSL: flag().default(false),
  KAFKA_SSL_CA: secret('the certificates of the authority in PEM form, or KAFKA_SSL_CA_FILE').optional(),
  KAFKA_SSL_CERT: secret('the client certificate in PEM form, or KAFKA_SSL_CERT_FILE').optional(),
  KAFKA_SSL_KEY: secret('the key of the client certificate in PEM form, or KAFKA_SSL_KEY_FILE').optional(),
  KAFKA_SASL_MECHANISM: z
    .preprocess((text) => (typeof text === 'string' ? text.toLowerCase() : text), z.enum(saslMechanisms).optional())
    .describe(`one of ${saslMechanisms.join(', ')}`),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: secret('the SASL password, or KAFKA_SASL_PASSWORD_FILE').optional(),
}

type KafkaConfig = z.output<z.ZodObject<typeof kafkaFields>>

/** What a Kafka client needs to connect. */
export interface KafkaSettings {
  /** host:port, separated by commas */
  readonly bootstrapServers: string
  readonly ssl?: true | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string }
}

/** A schema of settings that has those of Kafka beside its own, with the rules between them. */
export function kafkaConfig<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...kafkaFields, ...shape }).superRefine(
    (config, context) => {
      for (const message of contradictions(config as Partial<KafkaConfig>))
        context.addIssue({ code: 'custom', message })
    },
    // also when a field is wrong by itself, so that all errors come at once
    { when: () => true },
  )
}

/** The Kafka settings of a config that was loaded with `kafkaConfig`, in the shape a client takes. */
export function kafkaSettings(config: KafkaConfig): KafkaSettings {
  const tls = {
    ...(config.KAFKA_SSL_CA !== undefined && { ca: config.KAFKA_SSL_CA }),
    ...(config.KAFKA_SSL_CERT !== undefined && { cert: config.KAFKA_SSL_CERT }),
    ...(config.KAFKA_SSL_KEY !== undefined && { key: config.KAFKA_SSL_KEY }),
  }
  const mechanism = config.KAFKA_SASL_MECHANISM
  return {
    bootstrapServers: config.KAFKA_BOOTSTRAP_SERVERS,
    ...(config.KAFKA_SSL && { ssl: Object.keys(tls).length === 0 ? true : tls }),
    ...(mechanism !== undefined && {
      sasl: { mechanism, username: config.KAFKA_SASL_USERNAME ?? '', password: config.KAFKA_SASL_PASSWORD ?? '' },
    }),
  }
}

function contradictions(config: Partial<KafkaConfig>): string[] {
  const found: string[] = []
  const together = (present: boolean, name: string, needs: keyof KafkaConfig): void => {
    if (present && config[needs] === undefined) found.push(`${needs} is not set: ${name} needs it`)
  }
  together(config.KAFKA_SASL_MECHANISM !== undefined, 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME')
  together(config.KAFKA_SASL_MECHANISM !== undefined, 'KAFKA_SASL_MECHANISM', 'KAFKA_SASL_PASSWORD')
  together(config.KAFKA_SASL_USERNAME !== undefined, 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM')
  together(config.KAFKA_SSL_CERT !== undefined, 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY')
  together(config.KAFKA_SSL_KEY !== undefined, 'KAFKA_SSL_KEY', 'KAFKA_SSL_CERT')
  for (const name of ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT'] as const) {
    if (config[name] !== undefined && config.KAFKA_SSL === false)
      found.push(`KAFKA_SSL is not true: ${name} has no effect without it`)
  }
  return found
}

function isHostAndPort(text: string): boolean {
  return (
    /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535
  )
}
