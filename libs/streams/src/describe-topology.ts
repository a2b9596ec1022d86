/** A step of a topology as the descriptions show it. */
export interface DescribedNode {
  readonly label: string
  readonly children: readonly { readonly node: DescribedNode; readonly outlet: string | undefined }[]
}

/**
 * The topology as an indented text, a line a step, from the sources down. A step with several parents has a number; what is behind it is shown
 * where it stands first.
 */
export function describeAsText(sources: readonly DescribedNode[]): string {
  const shared = sharedNodes(sources)
  const shown = new Set<DescribedNode>()
  const lines: string[] = []
  const show = (node: DescribedNode, indent: string, outlet?: string) => {
    const isAgain = shown.has(node)
    shown.add(node)
    const number = shared.indexOf(node) + 1
    const mark = number === 0 ? '' : ` [${number}${isAgain ? ', above' : ''}]`
    lines.push(`${indent}${outlet === undefined ? '' : `${outlet}: `}${node.label}${mark}`)
    if (!isAgain) for (const child of node.children) show(child.node, `${indent}  `, child.outlet)
  }
  for (const source of sources) show(source, '')
  return lines.join('\n')
}

/** Those that are reached more than once, in the order in which they are. */
function sharedNodes(sources: readonly DescribedNode[]): DescribedNode[] {
  const reached = new Map<DescribedNode, number>()
  const reach = (node: DescribedNode) => {
    const times = (reached.get(node) ?? 0) + 1
    reached.set(node, times)
    if (times === 1) for (const child of node.children) reach(child.node)
  }
  for (const source of sources) reach(source)
  return [...reached].flatMap(([node, times]) => (times > 1 ? [node] : []))
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
