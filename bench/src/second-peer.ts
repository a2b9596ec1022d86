import { createHash } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '@tidemark/stack'
import { execa } from 'execa'
import type { BenchContext } from './bench-context.ts'
import { jobArguments } from './job-settings.ts'
import type { Contestant } from './sides.ts'

const folder = fileURLToPath(new URL('../peers/quix', import.meta.url))

/** The second peer, of `engine`: Quix Streams in a Python of its own, installed if it is not yet. */
export async function quixStreams({ host, workDir, log }: BenchContext): Promise<Contestant> {
  const python = await installedPython(cacheFolder(host.env), log)
  const stateDir = join(workDir, 'quix')
  return {
    name: 'Quix Streams, RocksDB',
    id: 'quix',
    stateDir,
    command: () => [python, '-B', join(folder, 'main.py'), ...jobArguments({ stateDir })],
  }
}

/** A virtual environment with what requirements.txt pins. */
async function installedPython(cache: string, log: (line: string) => void): Promise<string> {
  const requirements = join(folder, 'requirements.txt')
  const hash = createHash('sha256').update(await readFile(requirements))
  const environment = join(cache, `bench-quix-${hash.digest('hex').slice(0, 16)}`)
  const python = join(environment, 'bin', 'python')
  const whole = join(environment, '.installed')
  const isThere = await access(whole).then(
    () => true,
    () => false,
  )
  if (isThere) return python
  log('installing the second peer …')
  await rm(environment, { recursive: true, force: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
  try {
    await execa('python3', ['-m', 'venv', environment])
    await execa(python, pip)
  } catch (error) {
    throw new Error(`${requirements} can't be installed: Python 3 with venv, and its registry, are needed`, {
      cause: error,
    })
  }
  await writeFile(whole, '')
  return python
}
