import { readFileSync } from 'node:fs'
import { builtInRules } from '@tidemark/market'
import { expect, it } from 'vitest'
import { parseRules } from './rules-file.ts'

const volatile = `
  - name: volatile
    metric: realized_volatility
    window: 1m
    comparison: at_least
    threshold: 1.5
    severity: warning
    cooldown_ms: 900000
`

function issuesOf(text: string): readonly string[] {
  const parsed = parseRules(text)
  return parsed.ok ? [] : parsed.issues
}

it('reads rules', () => {
  const text = `rules:${volatile}    symbols: [BTCUSDT, ETHUSDT]\n    min_quote_volume: 100000\n`
  expect(parseRules(text)).toEqual({
    ok: true,
    rules: [
      {
        name: 'volatile',
        metric: 'realized_volatility',
        window: '1m',
        comparison: 'at_least',
        threshold: 1.5,
        severity: 'warning',
        cooldown_ms: 900_000,
        symbols: ['BTCUSDT', 'ETHUSDT'],
        min_quote_volume: 100_000,
      },
    ],
  })
})

it('lists everything that is wrong at once, with the rule and the field', () => {
  const issues = issuesOf(`rules:
  - { name: a, metric: volatility, window: 1 minute, comparison: '>', threshold: high, severity: loud, cooldown_ms: -1 }
  - { name: b, metric: vwap, window: 1m, comparison: above, threshold: 1, severity: info, cooldown_ms: 0, symbols: [btc] }
  - { metric: vwap, window: 1m, comparison: above, severity: info, cooldown_ms: 0, treshold: 1 }
  - 7
`)
  expect(issues.map((issue) => issue.split(': ').slice(0, 2).join(': '))).toEqual([
    'rule a: metric',
    'rule a: window',
    'rule a: comparison',
    'rule a: threshold',
    'rule a: severity',
    'rule a: cooldown_ms',
    'rule b: symbols.0',
    'rule number 3: name',
    'rule number 3: threshold',
    'rule number 3: Unrecognized key',
    'rule number 4: Invalid input',
  ])
  expect(issues).toContain('rule number 3: Unrecognized key: "treshold"')
})

it('says which values a field may have', () => {
  const issues = issuesOf(`rules:${volatile.replace('severity: warning', 'severity: loud')}`)
  expect(issues).toEqual([expect.stringMatching(/^rule volatile: severity: .*"info"\|"warning"\|"critical"/)])
})

it('takes no name twice, as alert ids are made of it', () => {
  expect(issuesOf(`rules:${volatile}${volatile}`)).toEqual(['rule volatile: the name is used twice'])
})

it('takes another spelling of a window size for the size', () => {
  const parsed = parseRules(`rules:${volatile.replace('1m', '60s')}`)
  expect(parsed.ok && parsed.rules[0]?.window).toBe('1m')
})

it('takes no number that is not finite', () => {
  expect(issuesOf(`rules:${volatile.replace('1.5', '.nan')}`)).toHaveLength(1)
  expect(issuesOf(`rules:${volatile.replace('1.5', '.inf')}`)).toHaveLength(1)
})

it('names the line of an error in the YAML itself', () => {
  expect(issuesOf('rules:\n  - name: a\n   metric: b\n')[0]).toMatch(/^line 3: /)
  expect(issuesOf('rules: []\nrules: []\n')[0]).toMatch(/^line 2: .*unique/)
})

it.each(['', 'rules: []', 'rules: 7', '[]', 'rule: []'])('takes %j for a file without rules', (text) => {
  expect(issuesOf(text)[0]).toMatch(/^the file: /)
})

it('refuses aliases that would blow the file up', () => {
  const layers = Array.from(
    { length: 9 },
    (_, index) => `l${index + 1}: &l${index + 1} [${Array(9).fill(`*l${index}`).join(', ')}]`,
  )
  expect(issuesOf(`l0: &l0 [x]\n${layers.join('\n')}\nrules: *l9\n`)).toEqual([
    expect.stringMatching(/^the file: Excessive alias count/),
  ])
})

it('reads the example file, which has the built-in rules', () => {
  const example = readFileSync(new URL('../alert-rules.example.yaml', import.meta.url), 'utf8')
  expect(parseRules(example)).toEqual({ ok: true, rules: builtInRules })
})
