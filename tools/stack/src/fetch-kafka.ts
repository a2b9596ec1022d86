import { fileURLToPath } from 'node:url'
import { ensureArtefact } from './artefact-cache.ts'
import type { LaunchContext } from './launch-context.ts'
import { runMaven } from './maven.ts'
import { kafkaVersion } from './versions.ts'

const pomPath = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url))

/** The folder with Kafka's jars, fetched by Maven the first time. */
export async function fetchKafka(context: LaunchContext): Promise<string> {
  const name = `kafka-${kafkaVersion}`
  return ensureArtefact(context, {
    name,
    make: (folder) =>
      runMaven(context, {
        label: `Kafka ${kafkaVersion} (43 MB)`,
        artefact: name,
        args: ['-f', pomPath, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
      }),
  })
}
