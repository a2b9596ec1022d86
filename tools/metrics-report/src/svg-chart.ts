import { parse, View } from 'vega'
import { compile, type Config, type TopLevelSpec } from 'vega-lite'

/** What all pictures have in common, readable on a light and on a dark page. */
const config: Config = {
  background: 'white',
  font: 'Helvetica, Arial, sans-serif',
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', gridColor: '#eee' },
  legend: { labelFontSize: 11, titleFontSize: 11 },
  title: { fontSize: 13, anchor: 'start' },
  view: { stroke: '#ccc' },
}

/** Draws a chart. The same spec gives the same text. */
export async function svgChart(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile({ ...spec, config }).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
