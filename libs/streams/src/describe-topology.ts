/** A step of a topology as the descriptions show it. */
export interface DescribedNode {
  readonly label: string
  readonly children: readonly { readonly node: DescribedNode; readonly outlet: string | undefined }[]
}

/** The topology as an indented text, a line a step, from the sources down. A step with several parents is shown under each. */
export function describeAsText(sources: readonly DescribedNode[]): string {
  const lines: string[] = []
  const show = ({ label, children }: DescribedNode, indent: string, outlet?: string) => {
    lines.push(`${indent}${outlet === undefined ? '' : `${outlet}: `}${label}`)
    for (const child of children) show(child.node, `${indent}  `, child.outlet)
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
    for (const { node: child, outlet } of node.children) {
      lines.push(`  ${id} -->${outlet === undefined ? '' : `|${outlet}|`} ${show(child)}`)
    }
    return id
  }
  for (const source of sources) show(source)
  return lines.join('\n')
}
