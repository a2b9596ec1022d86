import { expect, test } from 'vitest'
import { operateCommand } from './operate-commands.ts'

const nowMs = Date.UTC(2024, 7, 8, 12)

/** What the action of a command line gets; what Commander prints where it is wrong. */
async function parsed(line: string): Promise<unknown> {
  const got: unknown[] = []
  let printed = ''
  const take = (command: string) => async (request: unknown) => void got.push([command, request])
  const program = operateCommand(
    {
      list: take('list'),
      show: take('show'),
      replay: take('replay'),
      reset: take('reset'),
      describe: take('describe'),
    },
    () => nowMs,
  )
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    command.exitOverride().configureOutput({ writeErr: (text) => (printed += text) })
  }
  await program.parseAsync(line.split(' '), { from: 'user' }).catch(() => undefined)
  return got[0] ?? printed.trim()
}

test('options have defaults that are careful', async () => {
  expect(await parsed('dead-letters list --topic t')).toEqual(['list', { topic: 't', limit: 50 }])
  expect(await parsed('dead-letters show --topic t --partition 0 --offset 3')).toEqual([
    'show',
    { topic: 't', partition: 0, offset: 3, maxBytes: 4_096 },
  ])
  expect(await parsed('dead-letters replay --topic t')).toEqual(['replay', { topic: 't', rate: 100, dryRun: false }])
  expect(await parsed('reset --application a')).toEqual(['reset', { application: 'a', outputs: [], execute: false }])
})

test('a topology is described by its module', async () => {
  const described = { module: 'app.ts', mermaid: false }
  expect(await parsed('topology describe app.ts')).toEqual(['describe', described])
  expect(await parsed('topology describe app.ts --export a --mermaid')).toEqual([
    'describe',
    { ...described, export: 'a', mermaid: true },
  ])
  expect(await parsed('topology describe')).toContain("missing required argument 'module'")
})

test('since is a duration before now, or a time, in UTC unless it says otherwise', async () => {
  const since = async (text: string) => {
    const [, request] = (await parsed(`dead-letters list --topic t --since ${text}`)) as [string, { sinceMs: number }]
    return new Date(request.sinceMs).toISOString()
  }
  expect(await since('90m')).toBe('2024-08-08T10:30:00.000Z')
  expect(await since('2d')).toBe('2024-08-06T12:00:00.000Z')
  expect(await since('2024-08-08')).toBe('2024-08-08T00:00:00.000Z')
  expect(await since('2024-08-08T10:30')).toBe('2024-08-08T10:30:00.000Z')
  expect(await since('2024-08-08T10:30:01+02:00')).toBe('2024-08-08T08:30:01.000Z')
})

test('a rate may say its unit, lists are split, and each name is taken once', async () => {
  expect(await parsed('dead-letters replay --topic t --rate 2.5/s --dry-run')).toEqual([
    'replay',
    { topic: 't', rate: 2.5, dryRun: true },
  ])
  expect(await parsed('reset --application a --input-topics x,y,x --outputs z --execute')).toEqual([
    'reset',
    { application: 'a', inputTopics: ['x', 'y'], outputs: ['z'], execute: true },
  ])
})

test.each([
  ['dead-letters list', "required option '--topic <T>' not specified"],
  ['dead-letters list --topic t --limit 10001', 'Expected a whole number from 1 to 10000'],
  ['dead-letters list --topic t --since yesterday', 'Expected a duration such as 15m'],
  ['dead-letters list --topic t --since 2024-13-01', 'Expected a duration such as 15m'],
  ['dead-letters show --topic t --partition -1 --offset 0', 'Expected a whole number from 0'],
  ['dead-letters replay --topic t --rate 0', 'Expected letters per second'],
  ['dead-letters replay --topic t --rate fast', 'Expected letters per second'],
  ['reset --application a/b', 'Expected a name'],
  ['reset --application a --outputs x,,y', 'Expected a name'],
])('%s is refused with what is expected', async (line, expected) => {
  expect(await parsed(line)).toContain(expected)
})
