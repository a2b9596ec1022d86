import { ESLint } from 'eslint'
import { join } from 'node:path'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from './repository.ts'

// Most rules need no types, so a file that does not exist can be judged, and quickly.
const untyped = new ESLint({
  cwd: repositoryRoot,
  overrideConfig: [
    {
      ...tseslint.configs.disableTypeChecked,
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { projectService: false } },
    },
  ],
})
const typed = new ESLint({ cwd: repositoryRoot })

const rulesBroken = async (eslint: ESLint, path: string, code: string) => {
  const [result] = await eslint.lintText(code, { filePath: join(repositoryRoot, path) })
  return result?.messages.map(({ ruleId, message }) => ruleId ?? message) ?? []
}

const boundaries = '@nx/enforce-module-boundaries'
const imports = 'no-restricted-imports'
const globals = 'no-restricted-globals'
const properties = 'no-restricted-properties'
const syntax = 'no-restricted-syntax'

interface Violation {
  readonly law: string
  readonly path: string
  readonly code: string
  readonly rule: string
}

const importing = (specifier: string) => `import { it } from '${specifier}'\nexport const kept = it\n`
const calling = (expression: string) => `export const kept = () => ${expression}\n`

const arrows: readonly Violation[] = [
  { law: 'windowing imports no package', path: 'libs/windowing/src/a.ts', code: importing('zod'), rule: boundaries },
  {
    law: 'windowing imports nothing',
    path: 'libs/windowing/src/a.ts',
    code: importing('@tidemark/market'),
    rule: boundaries,
  },
  {
    law: 'market imports no engine',
    path: 'libs/market/src/a.ts',
    code: importing('@tidemark/streams'),
    rule: boundaries,
  },
  {
    law: 'streams imports no adapter',
    path: 'libs/streams/src/a.ts',
    code: importing('@tidemark/kafka'),
    rule: boundaries,
  },
  {
    law: 'streams imports no schemas',
    path: 'libs/streams/src/a.ts',
    code: importing('@tidemark/schemas'),
    rule: boundaries,
  },
  {
    law: 'schemas import no other package of ours',
    path: 'libs/schemas/src/a.ts',
    code: importing('@tidemark/streams'),
    rule: boundaries,
  },
  {
    law: 'an adapter imports no adapter',
    path: 'libs/binance/src/a.ts',
    code: importing('@tidemark/kafka'),
    rule: boundaries,
  },
  {
    law: 'an adapter knows no domain',
    path: 'libs/kafka/src/a.ts',
    code: importing('@tidemark/market'),
    rule: boundaries,
  },
  {
    law: 'an app imports no app',
    path: 'apps/influx-sink/src/a.ts',
    code: importing('@tidemark/alert-engine'),
    rule: imports,
  },
  {
    law: 'an app runs no test kit',
    path: 'apps/influx-sink/src/a.ts',
    code: importing('@tidemark/testing'),
    rule: boundaries,
  },
  {
    law: 'an app imports no tool',
    path: 'apps/influx-sink/src/a.ts',
    code: importing('@tidemark/stack'),
    rule: boundaries,
  },
  {
    law: 'an app finds no path to an app',
    path: 'apps/influx-sink/src/a.ts',
    code: importing('../../alert-engine/src/main.ts'),
    rule: boundaries,
  },
  {
    law: 'a tool imports no app',
    path: 'tools/start/src/a.ts',
    code: importing('@tidemark/influx-sink'),
    rule: imports,
  },
  {
    law: 'no path leads across packages',
    path: 'libs/kafka/src/a.ts',
    code: importing('../../streams/src/index.ts'),
    rule: boundaries,
  },
  {
    law: 'a package is imported by its name',
    path: 'libs/kafka/src/a.ts',
    code: importing('@tidemark/streams/src/ports.ts'),
    rule: imports,
  },
  {
    law: 'only kafka imports the client',
    path: 'apps/influx-sink/src/a.ts',
    code: importing('kafkajs'),
    rule: imports,
  },
  {
    law: 'only kafka imports the depths of the client',
    path: 'tools/stack/src/a.ts',
    code: importing('kafkajs/src/cluster'),
    rule: imports,
  },
  { law: 'only schemas imports the Avro codec', path: 'libs/kafka/src/a.ts', code: importing('avsc'), rule: imports },
]

const pure: readonly Violation[] = [
  { law: 'windowing knows no node', path: 'libs/windowing/src/a.ts', code: importing('node:fs'), rule: imports },
  {
    law: 'windowing knows no node by its old names',
    path: 'libs/windowing/src/a.ts',
    code: importing('fs'),
    rule: imports,
  },
  { law: 'market knows no node', path: 'libs/market/src/a.ts', code: importing('node:crypto'), rule: imports },
  { law: 'market knows no clock', path: 'libs/market/src/a.ts', code: calling('Date.now()'), rule: properties },
  { law: 'market asks for no date', path: 'libs/market/src/a.ts', code: calling('new Date()'), rule: syntax },
  { law: 'market asks for no date as text', path: 'libs/market/src/a.ts', code: calling('Date()'), rule: syntax },
  { law: 'windowing has no chance', path: 'libs/windowing/src/a.ts', code: calling('Math.random()'), rule: properties },
  {
    law: 'windowing has no timers',
    path: 'libs/windowing/src/a.ts',
    code: calling('setTimeout(kept, 1)'),
    rule: globals,
  },
  { law: 'windowing has no network', path: 'libs/windowing/src/a.ts', code: calling("fetch('x')"), rule: globals },
  { law: 'windowing has no process', path: 'libs/windowing/src/a.ts', code: calling('process.env'), rule: globals },
  {
    law: 'windowing has no way around',
    path: 'libs/windowing/src/a.ts',
    code: calling('globalThis.process'),
    rule: globals,
  },
  { law: 'market measures nothing', path: 'libs/market/src/a.ts', code: calling('performance.now()'), rule: globals },
  { law: 'market prints nothing', path: 'libs/market/src/a.ts', code: calling('console.log(1)'), rule: globals },
  { law: 'streams knows no clock', path: 'libs/streams/src/a.ts', code: calling('Date.now()'), rule: properties },
  { law: 'streams has no chance', path: 'libs/streams/src/a.ts', code: calling('Math.random()'), rule: properties },
  { law: 'streams has no timers', path: 'libs/streams/src/a.ts', code: calling('setInterval(kept, 1)'), rule: globals },
  {
    law: 'streams imports no timers',
    path: 'libs/streams/src/a.ts',
    code: importing('node:timers/promises'),
    rule: imports,
  },
]

const everywhere: readonly Violation[] = [
  {
    law: 'no default export',
    path: 'libs/service/src/a.ts',
    code: 'export default 1\n',
    rule: 'no-restricted-exports',
  },
  { law: 'a library has no process', path: 'libs/service/src/a.ts', code: calling('process.env'), rule: globals },
  {
    law: 'a library imports no process',
    path: 'libs/service/src/a.ts',
    code: importing('node:process'),
    rule: imports,
  },
  {
    law: 'a library finds no process',
    path: 'libs/service/src/a.ts',
    code: calling('globalThis.process'),
    rule: properties,
  },
  {
    law: 'an app has no process beside main',
    path: 'apps/influx-sink/src/config.ts',
    code: calling('process.env'),
    rule: globals,
  },
  { law: 'an app does not print', path: 'apps/influx-sink/src/a.ts', code: calling('console.log(1)'), rule: globals },
  { law: 'a name says what for', path: 'libs/kafka/src/a.ts', code: 'export class OffsetManager {}\n', rule: syntax },
  { law: 'a file ends', path: 'libs/kafka/src/a.ts', code: '// .\n'.repeat(401), rule: 'max-lines' },
  {
    law: 'a function ends',
    path: 'libs/kafka/src/a.ts',
    code: `export const kept = () => {\n${'  kept()\n'.repeat(70)}}\n`,
    rule: 'max-lines-per-function',
  },
  {
    law: 'three parameters are enough',
    path: 'libs/kafka/src/a.ts',
    code: 'export const kept = (a: 1, b: 2, c: 3, d: 4) => [a, b, c, d]\n',
    rule: syntax,
  },
  {
    law: 'types are imported as types',
    path: 'libs/kafka/src/a.ts',
    code: "import { Codec } from '@tidemark/streams'\nexport type Kept = Codec<string>\n",
    rule: '@typescript-eslint/consistent-type-imports',
  },
  {
    law: 'any is no type',
    path: 'libs/kafka/src/a.ts',
    code: 'export type Kept = any\n',
    rule: '@typescript-eslint/no-explicit-any',
  },
  {
    law: 'a unit test does not sleep',
    path: 'libs/kafka/src/a.test.ts',
    code: calling('setTimeout(kept, 1)'),
    rule: globals,
  },
  { law: 'a unit test has no clock', path: 'libs/kafka/src/a.test.ts', code: calling('Date.now()'), rule: properties },
]

describe('a deliberate violation is noticed', () => {
  it.each([...arrows, ...pure, ...everywhere])('$law ($path)', async ({ path, code, rule }) => {
    expect(await rulesBroken(untyped, path, code)).toContain(rule)
  })

  it('no promise floats', async () => {
    const code = 'const later = async () => undefined\nexport const kept = () => {\n  later()\n}\n'
    expect(await rulesBroken(typed, 'libs/streams/src/index.ts', code)).toEqual([
      '@typescript-eslint/no-floating-promises',
    ])
  }, 60_000)
})

interface Allowed {
  readonly law: string
  readonly path: string
  readonly code: string
}

const allowed: readonly Allowed[] = [
  { law: 'market imports windowing', path: 'libs/market/src/a.ts', code: importing('@tidemark/windowing') },
  { law: 'market imports the records of schemas', path: 'libs/market/src/a.ts', code: importing('@tidemark/schemas') },
  { law: 'streams imports windowing', path: 'libs/streams/src/a.ts', code: importing('@tidemark/windowing') },
  { law: 'kafka imports streams', path: 'libs/kafka/src/a.ts', code: importing('@tidemark/streams') },
  { law: 'kafka imports the client', path: 'libs/kafka/src/a.ts', code: importing('kafkajs/src/cluster') },
  { law: 'schemas import the Avro codec', path: 'libs/schemas/src/a.ts', code: importing('avsc') },
  { law: 'an app imports a library', path: 'apps/influx-sink/src/a.ts', code: importing('@tidemark/kafka') },
  { law: 'an app starts with the process', path: 'apps/influx-sink/src/main.ts', code: calling('process.env') },
  { law: 'a tool imports a tool', path: 'tools/start/src/a.ts', code: importing('@tidemark/stack') },
  { law: 'a test of windowing imports packages', path: 'libs/windowing/src/a.test.ts', code: importing('vitest') },
  {
    law: 'a test of an app uses the test kit',
    path: 'apps/influx-sink/src/a.test.ts',
    code: importing('@tidemark/testing'),
  },
  { law: 'a date of a given time is pure', path: 'libs/market/src/a.ts', code: calling('new Date(0).toISOString()') },
  { law: 'a test against servers may wait', path: 'libs/kafka/src/a.integration.test.ts', code: calling('Date.now()') },
]

describe('what is right passes', () => {
  it.each(allowed)('$law ($path)', async ({ path, code }) => {
    expect(await rulesBroken(untyped, path, code)).toEqual([])
  })
})
