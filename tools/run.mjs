// Runs a script of this repository on the Node of its `node` development dependency, installing the lockfile's packages first
// where they are missing. Plain JavaScript without imports from packages: it must run on whatever Node is at hand.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const source = ['--conditions=@tidemark/source']
const settings = existsSync(join(root, '.env')) ? ['--env-file=.env'] : []

/** What stands behind each npm script: the arguments of Node. */
const commands = {
  start: [...source, ...settings, 'tools/start/src/main.ts'],
  stack: [...source, ...settings, 'tools/stack/src/main.ts', 'up'],
  test: [...source, 'tools/verify/src/main.ts', 'test'],
  nightly: [...source, 'tools/verify/src/main.ts', 'nightly'],
  pictures: [...source, 'tools/metrics-report/src/main.ts'],
  operate: [...source, ...settings, 'tools/operate/src/main.ts'],
  oracle: [...source, 'tools/oracle/src/main.ts'],
  chaos: [...source, 'tools/chaos/src/main.ts'],
  clients: [...source, 'tools/exchange-simulator/src/bin/clients.ts'],
  record: [...source, 'tools/recorder/src/main.ts'],
  bench: [...source, 'bench/src/main.ts'],
  lint: ['node_modules/eslint/bin/eslint.js', '.'],
  typecheck: ['node_modules/typescript/bin/tsc', '-b'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '.'],
}

const [, , name = '', ...args] = process.argv
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) {
  console.error(`unknown command '${name}'; there are: ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}
if (!isInstalled()) install()

// What Node makes of the sources is kept for the next start, also by the apps, which inherit this: it is half of their starting.
const compileCache = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node-compile')
const environment = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH ?? ''}`,
  NX_DAEMON: 'false',
  NODE_COMPILE_CACHE: compileCache,
}
const child = spawn(join(bin, 'node'), [...command, ...args], { cwd: root, stdio: 'inherit', env: environment })
// A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone must be passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))

/** True if what is in node_modules is what the lockfile says. */
function isInstalled() {
  const installedLock = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedLock) || !existsSync(join(bin, 'node'))) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    if (!path.includes('node_modules') || link) return true
    const found = installed[path]
    return found === undefined ? Boolean(optional) : found.version === version
  })
}

function install() {
  console.log('installing the packages of package-lock.json …')
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', options, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    console.error('npm ci failed: is the npm registry reachable? Run `npm ci` to see more.')
    process.exit(status ?? 1)
  }
}
