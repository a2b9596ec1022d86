// Runs one program and never outlives who started it: `node supervisor.ts STOP_LIMIT_MS COMMAND [ARGUMENTS]`, started as leader
// of its own process group. Its stdin is a pipe from the starter: when that ends, on request or because the starter is
// gone, kill -9 included, the whole group gets SIGTERM, and SIGKILL after the limit. Ctrl-C in a terminal does not reach
// the group, so servers live until their clients have ended.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const [stopLimitMs, command, ...commandArguments] = process.argv.slice(2)
if (command === undefined) throw new Error('usage: STOP_LIMIT_MS COMMAND [ARGUMENTS]')

let stopping = false
const child = spawn(command, commandArguments, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))

function stop(): void {
  if (stopping) return
  stopping = true
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), Number(stopLimitMs))
  process.kill(-process.pid, 'SIGTERM')
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
process.stdin.on('end', stop)
process.stdin.on('error', stop)
process.stdin.resume()
