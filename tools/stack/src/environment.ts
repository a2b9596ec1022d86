import { influxSetup } from './influx-server.ts'
import type { Stack } from './start-stack.ts'

/** The settings that point an app at this stack, to be laid over an app's environment. */
export function stackEnvironment(
  stack: Pick<Stack, 'bootstrapServers' | 'registryUrl' | 'influxUrl'>,
): Readonly<Record<string, string>> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: stack.bootstrapServers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    INFLUX_URL: stack.influxUrl,
    INFLUX_TOKEN: influxSetup.token,
    INFLUX_ORG: influxSetup.org,
    INFLUX_BUCKET: influxSetup.bucket,
  }
}
