/** The Kafka broker; the same version stands in `kafka/pom.xml` (a test compares them). */
export const kafkaVersion = '4.1.1'

/** InfluxDB 2; the same version stands in `influxd/go.mod` (a test compares them). */
export const influxVersion = '2.7.12'

/** The oldest Java that runs Kafka 4.1. */
export const kafkaMinJava = 17

export interface RegistryRelease {
  readonly version: string
  /**
   * Version of Maven's dependency plugin that unpacks it: pinned, so that a machine's Maven does not choose another. The
   * parent POM of 3.0.9 was never published: only 2.x takes an artefact without reading its descriptor.
   */
  readonly unpackWith: string
  readonly minJava: number
  /** The jar to run, in the unpacked archive. */
  readonly jar: string
  /** Size of the download, for the progress line. */
  readonly downloadMb: number
  /** Settings this release needs to behave as the Confluent registry does. */
  readonly systemProperties: readonly string[]
}

/** Releases of Apicurio Registry, the preferred one first; an older one serves machines with an older Java. */
export const registryReleases: readonly RegistryRelease[] = [
  { version: '3.3.3', unpackWith: '3.8.1', minJava: 21, jar: 'quarkus-run.jar', downloadMb: 159, systemProperties: [] },
  {
    version: '3.0.9',
    unpackWith: '2.8',
    minJava: 17,
    jar: 'apicurio-registry-app-3.0.9-runner.jar',
    downloadMb: 109,
    systemProperties: ['-Dapicurio.ccompat.use-canonical-hash=true'],
  },
]
