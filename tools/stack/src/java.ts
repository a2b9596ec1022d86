import { execFile } from 'node:child_process'
import { readdir, realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from './stack-error.ts'

/** A Java on this machine. */
export interface Java {
  /** The `java` program. */
  readonly path: string
  /** Major version: 8, 17, 21, 25. */
  readonly major: number
  /** What it says of itself, whole. */
  readonly build: string
  /** Where it was found, for messages. */
  readonly origin: string
}

const jvmFolders = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines']
const run = promisify(execFile)

/** The major version in the output of `java -version`: `"17.0.15"` -> 17, `"1.8.0_292"` -> 8, `"25-ea"` -> 25. */
export function parseJavaMajor(versionOutput: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(versionOutput)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Every Java that answers `-version`: JAVA_HOME first, then PATH, then the system's JVM folders, the newest first. */
export async function findJavas(env: NodeJS.ProcessEnv): Promise<readonly Java[]> {
  const chosen = [
    ...(env['JAVA_HOME'] ? [{ path: join(env['JAVA_HOME'], 'bin', 'java'), origin: 'JAVA_HOME' }] : []),
    ...(env['PATH'] ?? '')
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => ({ path: join(folder, 'java'), origin: 'PATH' })),
  ]
  const installed = (await Promise.all(jvmFolders.map(javasBelow))).flat()
  const seen = new Set<string>()
  const unique: { path: string; origin: string }[] = []
  for (const candidate of [...chosen, ...installed]) {
    const real = await realpath(candidate.path).catch(() => undefined)
    if (real === undefined || seen.has(real)) continue
    seen.add(real)
    unique.push(candidate)
  }
  const probed = await Promise.all(unique.map(probeJava))
  const javas = probed.filter((java) => java !== undefined)
  const isChosen = (java: Java): boolean => java.origin === 'JAVA_HOME' || java.origin === 'PATH'
  return [...javas.filter(isChosen), ...javas.filter((java) => !isChosen(java)).sort((a, b) => b.major - a.major)]
}

async function javasBelow(folder: string): Promise<{ path: string; origin: string }[]> {
  const entries = await readdir(folder).catch(() => [])
  return entries.flatMap((entry) => [
    { path: join(folder, entry, 'bin', 'java'), origin: folder },
    { path: join(folder, entry, 'Contents', 'Home', 'bin', 'java'), origin: folder },
  ])
}

async function probeJava({ path, origin }: { path: string; origin: string }): Promise<Java | undefined> {
  try {
    const { stdout, stderr } = await run(path, ['-version'], { timeout: 20_000 })
    const build = stderr + stdout
    const major = parseJavaMajor(build)
    return major === undefined ? undefined : { path, origin, major, build }
  } catch {
    return undefined
  }
}

/** The first Java, in order of `findJavas`, that is new enough; a `StackError` says what is there and what to install. */
export function chooseJava(javas: readonly Java[], need: { readonly server: string; readonly minMajor: number }): Java {
  const fit = javas.find((java) => java.major >= need.minMajor)
  if (fit !== undefined) return fit
  const install = `install Java ${need.minMajor} or later (21 is best; Debian and Ubuntu: apt-get install openjdk-${need.minMajor}-jre-headless, or a Temurin build) and put it on PATH or in JAVA_HOME`
  if (javas.length === 0) {
    throw new StackError(
      'java-missing',
      `${need.server} needs Java, and none was found in JAVA_HOME, on PATH or in ${jvmFolders.join(' or ')}: ${install}`,
    )
  }
  const found = javas.map((java) => `Java ${java.major} (${java.path})`).join(', ')
  throw new StackError(
    'java-too-old',
    `${need.server} needs Java ${need.minMajor} or later, found only ${found}: ${install}`,
  )
}
