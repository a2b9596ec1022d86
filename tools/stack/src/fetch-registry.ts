import { ensureArtefact } from './artefact-cache.ts'
import type { LaunchContext } from './launch-context.ts'
import { runMaven } from './maven.ts'
import type { RegistryRelease } from './versions.ts'

/** The folder with the registry's program, fetched and unpacked by Maven the first time. */
export async function fetchRegistry(context: LaunchContext, release: RegistryRelease): Promise<string> {
  const { version, unpackWith, downloadMb } = release
  const name = `apicurio-registry-${version}`
  return ensureArtefact(context, {
    name,
    make: (folder) =>
      runMaven(context, {
        label: `Apicurio Registry ${version} (${downloadMb} MB)`,
        artefact: name,
        args: [
          `org.apache.maven.plugins:maven-dependency-plugin:${unpackWith}:unpack`,
          `-Dartifact=io.apicurio:apicurio-registry-app:${version}:tar.gz:all`,
          `-DoutputDirectory=${folder}`,
        ],
      }),
  })
}
