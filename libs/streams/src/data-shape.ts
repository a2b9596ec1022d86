/** Data that is deeper is told as `…`. */
const MAX_DEPTH = 6
/** A longer shape is cut: it stands in changelogs and in messages. */
const MAX_LENGTH = 500

/**
 * What data is made of, as JSON keeps it: `{count:number,values:[]}`, `[number ×2,string]`. The same for all data of the same fields and types, whatever their
 * values. Throws where JSON does.
 */
export function shapeOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  const shape = json === undefined ? 'nothing' : shapeOfJson(JSON.parse(json), 0)
  return shape.length > MAX_LENGTH ? `${shape.slice(0, MAX_LENGTH)}…` : shape
}

function shapeOfJson(value: unknown, depth: number): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return `[${inRuns(value.map((item) => shapeOfJson(item, depth + 1))).join()}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${name}:${shapeOfJson(field, depth + 1)}`).join()}}`
}

/** What follows itself is told once, with how often. */
function inRuns(shapes: readonly string[]): string[] {
  const runs: { shape: string; times: number }[] = []
  for (const shape of shapes) {
    const last = runs.at(-1)
    if (last?.shape === shape) last.times++
    else runs.push({ shape, times: 1 })
  }
  return runs.map(({ shape, times }) => (times === 1 ? shape : `${shape} ×${times}`))
}
