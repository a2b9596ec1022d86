import { describe, expect, it } from 'vitest'
import { fileLaws } from './file-laws.ts'

const judge = (law: keyof typeof fileLaws, path: string, text = '') => fileLaws[law]({ path, text })
const decision = '## Context\n\n## Decision\n\n## Consequences\n'

describe('a law of files', () => {
  it('lets code have 400 lines and no more', () => {
    expect(judge('fileSize', 'libs/kafka/src/a.ts', 'x\n'.repeat(400))).toEqual([])
    expect(judge('fileSize', 'libs/kafka/src/a.ts', 'x\n'.repeat(401))).toEqual([
      'libs/kafka/src/a.ts: 401 lines, at most 400',
    ])
  })

  it('lets a decision have 60 lines and no more', () => {
    expect(judge('decisionSize', 'docs/adr/0001-a.md', 'x\n'.repeat(60))).toEqual([])
    expect(judge('decisionSize', 'docs/adr/0001-a.md', 'x\n'.repeat(61))).toHaveLength(1)
  })

  it('asks a decision for its number, context, decision and consequences', () => {
    expect(judge('decisionShape', 'docs/adr/0001-a.md', decision)).toEqual([])
    expect(judge('decisionShape', 'docs/adr/a.md', decision)).toHaveLength(1)
    expect(judge('decisionShape', 'docs/adr/0001-a.md', '## Context\n')).toHaveLength(2)
  })

  it.each(['libs/kafka/src/recordSets.ts', 'libs/kafka/src/record_sets.ts', 'docs/Topics.md'])(
    'wants %s in kebab-case',
    (path) => {
      expect(judge('kebabCase', path)).toHaveLength(1)
    },
  )

  it.each([
    'libs/kafka/src/record-sets.integration.test.ts',
    'libs/schemas/avro/MarketMetrics.avsc',
    'libs/windowing/SPEC.md',
    '.gitignore',
    'tsconfig.base.json',
  ])('takes %s as it is', (path) => {
    expect(judge('kebabCase', path)).toEqual([])
  })

  it.each([
    'libs/kafka/src/utils.ts',
    'libs/kafka/src/types.ts',
    'libs/kafka/src/offset-manager.ts',
    'libs/kafka/src/error-handler.ts',
    'libs/kafka/src/helpers/offsets.ts',
  ])('finds that the name %s says nothing', (path) => {
    expect(judge('nameSaysSomething', path)).toHaveLength(1)
  })

  it('does not mistake a word for a part of it', () => {
    expect(judge('nameSaysSomething', 'libs/kafka/src/record-types-table.ts')).toEqual([])
  })

  it.each(['// TO\u0044O later', '# FIX\u004DE'])('notices what was left for later: %s', (text) => {
    expect(judge('noLeftovers', 'a.ts', `first\n${text}\n`)).toHaveLength(1)
    expect(judge('noLeftovers', 'a.ts', `first\n${text}\n`)[0]).toContain('a.ts:2:')
  })

  it.each(["it.\u006fnly('x')", "describe.\u0073kip('x')", "it.\u0074odo('x')", "test.concurrent.\u006fnly('x')"])(
    'notices a test that keeps others from running: %s',
    (text) => {
      expect(judge('everyTestRuns', 'a.test.ts', text)).toHaveLength(1)
    },
  )

  it('asks a comment that disables a rule for its reason', () => {
    expect(judge('disablingSaysWhy', 'libs/a/src/a.ts', '// eslint-disable-next-line no-console')).toHaveLength(1)
    expect(judge('disablingSaysWhy', 'libs/a/src/a.ts', '// eslint-disable-next-line no-console -- it is')).toEqual([])
  })

  it('lets a test skip itself where its recording is missing', () => {
    expect(judge('everyTestRuns', 'a.test.ts', 'it.skipIf(missing)')).toEqual([])
  })

  it.each(["'\u002froot/data'", 'cat \u002fhome/me/x', '(\u002fwork/main)'])(
    "notices a path of somebody's machine: %s",
    (text) => {
      expect(judge('speaksOfItselfAlone', 'README.md', text)).toHaveLength(1)
    },
  )

  it.each(['docs/work/plan', 'https://example.org/home/x', 'fail, said, air, maintain'])(
    'has nothing against: %s',
    (text) => {
      expect(judge('speaksOfItselfAlone', 'README.md', text)).toEqual([])
    },
  )

  it('keeps addresses out of the lockfile', () => {
    expect(
      judge('lockfileNamesNoHost', 'package-lock.json', '"resolved": "https://registry.example/x.tgz"'),
    ).toHaveLength(1)
    expect(judge('lockfileNamesNoHost', 'package-lock.json', '"resolved": "libs/kafka"')).toEqual([])
  })
})
