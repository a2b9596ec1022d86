/** A step of a topology as the descriptions show it. */
export interface DescribedNode {
  readonly label: string
  readonly children: readonly DescribedNode[]
}

/** The topology as an indented text, a line a step, from the sources down. A step with several parents is shown under each. */
export function describeAsText(sources: readonly DescribedNode[]): string {
  const lines: string[] = []
  const show = ({ label, children }: DescribedNode, indent: string) => {
    lines.push(`${indent}${label}`)
    for (const child of children) show(child, `${indent}  `)
  }
  for (const source of sources) show(source, '')
  return lines.join('\n')
}

/** The topology as a Mermaid flowchart. */
export function describeAsMermaid(sources: readonly DescribedNode[]): string {
  const ids = new Map<DescribedNode, string>()
  const lines = ['flowchart TD']
  const show = (node: DescribedNode): string => {
    const known = ids.get(node)
    if (known !== undefined) return known
    const id = `n${ids.size}`
    ids.set(node, id)
    lines.push(`  ${id}["${node.label.replaceAll('"', '#quot;')}"]`)
    for (const child of node.children) lines.push(`  ${id} --> ${show(child)}`)
    return id
  }
  for (const source of sources) show(source)
  return lines.join('\n')
}
