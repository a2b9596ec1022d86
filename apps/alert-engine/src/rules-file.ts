import { parseWindowSize, ruleComparisons, ruleMetrics, severities, type Rule } from '@tidemark/market'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'

/** More rules than this are a mistake: each is judged for every window. */
const maxRules = 1_000
const maxAliasCount = 100

const ruleSchema: z.ZodType<Rule> = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,100}$/, 'expected 1 to 100 letters, digits, or . _ -'),
  metric: z.enum(ruleMetrics),
  window: z.string().transform((text, context) => {
    const size = parseWindowSize(text)
    if (size.ok) return size.value.label // `60s` is `1m` on the wire
    context.addIssue({ code: 'custom', message: size.issue })
    return z.NEVER
  }),
  comparison: z.enum(ruleComparisons),
  threshold: z.number(),
  severity: z.enum(severities),
  cooldown_ms: z.int().min(0),
  symbols: z
    .array(z.string().regex(/^[A-Z0-9]+$/, 'expected a symbol in capitals, such as BTCUSDT'))
    .min(1)
    .optional(),
  min_quote_volume: z.number().min(0).optional(),
})

const fileSchema = z.strictObject({ rules: z.array(z.unknown()).min(1).max(maxRules) })

export type ParsedRules =
  { readonly ok: true; readonly rules: readonly Rule[] } | { readonly ok: false; readonly issues: readonly string[] }

/**
 * Reads a YAML file `rules: [{ name, metric, window, comparison, threshold, severity, cooldown_ms, symbols?, min_quote_volume? }, …]`. Lists everything
 * that is wrong at once, each with its rule's name (or its number, where it has none) and field.
 */
export function parseRules(text: string): ParsedRules {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  if (document.errors.length > 0)
    return { ok: false, issues: document.errors.map((error) => syntaxIssue(error, lineCounter)) }
  const content = valueOf(document)
  if (!content.ok) return { ok: false, issues: [`the file: ${content.issue}`] }
  const file = fileSchema.safeParse(content.value)
  if (!file.success) return { ok: false, issues: file.error.issues.map((issue) => `the file: ${described(issue)}`) }
  const rules: Rule[] = []
  const issues: string[] = []
  const names = new Set<string>()
  for (const [index, candidate] of file.data.rules.entries()) {
    const parsed = ruleSchema.safeParse(candidate)
    const label = labelOf(candidate, index)
    if (parsed.success) rules.push(parsed.data)
    else issues.push(...parsed.error.issues.map((issue) => `${label}: ${described(issue)}`))
    if (names.has(label)) issues.push(`${label}: the name is used twice`)
    names.add(label)
  }
  return issues.length === 0 ? { ok: true, rules } : { ok: false, issues }
}

type Content = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issue: string }

function valueOf(document: ReturnType<typeof parseDocument>): Content {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount }) }
  } catch (error) {
    return { ok: false, issue: error instanceof Error ? error.message : String(error) } // aliases that would blow the file up
  }
}

function syntaxIssue(
  error: { readonly message: string; readonly pos: readonly [number, number] },
  lines: LineCounter,
): string {
  return `line ${lines.linePos(error.pos[0]).line}: ${error.message}`
}

function labelOf(candidate: unknown, index: number): string {
  const name = (candidate as { name?: unknown } | null)?.name
  return typeof name === 'string' && name !== '' ? `rule ${name}` : `rule number ${index + 1}`
}

function described({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}
