import { createHash } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { SimulatorError } from '../simulator-error.ts'

/** Installs the npm clients as their lockfile says; returns the program that runs their scripts. */
export async function installNpmClients(folder: string, node: string): Promise<string> {
  await once(join(folder, 'node_modules'), join(folder, 'package-lock.json'), async () => {
    await execa('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'inherit' })
  })
  return node
}

/** Makes a Python of its own with the clients of `requirements.txt`; returns it. */
export async function installPypiClients(folder: string): Promise<string> {
  const environment = join(folder, '.venv')
  const requirements = join(folder, 'requirements.txt')
  await once(environment, requirements, async () => {
    await execa('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await execa(join(environment, 'bin', 'python'), pip, { stdio: 'inherit' })
  })
  return join(environment, 'bin', 'python')
}

/** Fills a folder by what a file says, unless it was filled by the same file before. */
async function once(target: string, list: string, install: () => Promise<void>): Promise<void> {
  const hash = createHash('sha256')
    .update(await readFile(list))
    .digest('hex')
  const stamp = join(target, `.installed-${hash.slice(0, 16)}`)
  const isThere = await access(stamp).then(
    () => true,
    () => false,
  )
  if (isThere) return
  await rm(target, { recursive: true, force: true })
  try {
    await install()
  } catch (error) {
    const message = `the clients of ${list} can't be installed: is the registry reachable, and is the program there?`
    throw new SimulatorError('not-installed', message, { cause: error })
  }
  await writeFile(stamp, '')
}
