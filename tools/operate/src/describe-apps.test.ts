import { execFile } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

/** What the command prints about an app, as a user runs it. */
async function described(app: string, ...options: string[]): Promise<string> {
  const module = `apps/${app}/src/topology.ts`
  const args = ['--conditions=@tidemark/source', 'tools/operate/src/main.ts', 'topology', 'describe', module]
  const { stdout } = await run(process.execPath, [...args, ...options], { cwd: root })
  return stdout
}

test.each([
  ['window-aggregator', 'source binance-trades\n', 'to market-metrics with heartbeats\n'],
  ['influx-sink', 'source market-metrics\n', 'sink influxdb\n'],
  ['alert-engine', 'source market-metrics\n', 'to alerts\n'],
])('the topology of %s is described, as text and as Mermaid', async (app, source, end) => {
  const [text, mermaid] = await Promise.all([described(app), described(app, '--mermaid')])
  expect(text.startsWith(source), text).toBe(true)
  expect(text).toContain(end)
  expect(mermaid.startsWith(`flowchart TD\n  n0["${source.trim()}"]`), mermaid).toBe(true)
})
