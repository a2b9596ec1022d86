import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from './artefact-cache.ts'
import type { LaunchContext } from './launch-context.ts'
import { waitForLock } from './process-lock.ts'
import { runTool } from './run-tool.ts'
import { StackError } from './stack-error.ts'

export interface MavenRun {
  /** What is being fetched, for progress and errors: `Kafka 4.1.1 (43 MB)`. */
  readonly label: string
  /** Folder name of the artefact, for the advice in errors. */
  readonly artefact: string
  readonly args: readonly string[]
}

const commandNotFound = 127

/** Runs Maven once at a time, as its local repository asks for; downloads show in the progress. */
export async function runMaven(context: LaunchContext, { label, artefact, args }: MavenRun): Promise<void> {
  const cache = cacheFolder(context.host.env)
  await mkdir(cache, { recursive: true })
  const lock = await waitForLock(context, join(cache, 'maven.lock'))
  const task = context.progress.begin(`fetching ${label}`)
  // Without a project, Maven leaves a folder of its own where it was started.
  const startedIn = await mkdtemp(join(tmpdir(), 'tidemark-maven-'))
  let files = 0
  try {
    const { exitCode, tail } = await runTool(context, {
      command: 'mvn',
      args: ['-B', ...args],
      cwd: startedIn,
      onLine: (line) => {
        if (line.includes('Downloaded from ')) task.update(`${(files += 1)} files`)
      },
    })
    if (exitCode === commandNotFound) throw mavenMissing(label, join(cache, artefact))
    if (exitCode !== 0) {
      throw new StackError(
        'fetch-failed',
        `fetching ${label} failed: mvn exited with ${exitCode}, as a rule because its repository could not be reached. It said last:\n${tail}`,
      )
    }
    task.done()
  } catch (error) {
    task.fail()
    throw error
  } finally {
    await rm(startedIn, { recursive: true, force: true })
    await lock.release()
  }
}

function mavenMissing(label: string, folder: string): StackError {
  return new StackError(
    'maven-missing',
    `fetching ${label} needs Maven, and mvn is not on PATH: install it (Debian and Ubuntu: apt-get install maven; macOS: brew install maven), or copy ${folder} from a machine that has it`,
  )
}
