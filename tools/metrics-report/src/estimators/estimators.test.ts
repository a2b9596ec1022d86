import { describe, expect, test } from 'vitest'
import { estimators } from './estimates.ts'
import { judge, scenarios, tradeCounts } from './scenarios.ts'
import { qualityTable } from './quality-table.ts'

// Bounds are loose: four standard errors or more of what so few windows can tell, about what was published.
const options = { windows: 1_500, seed: 20_240_808 }
const judged = new Map(scenarios.map((scenario) => [scenario.name, judge(scenario, options)] as const))
const qualitiesOf = (name: string) => judged.get(name)!.qualities

describe('where a price is Brownian motion, seen often', () => {
  const qualities = qualitiesOf('Brownian motion')

  test.each(estimators)('%s is nearly unbiased', (name) => {
    expect(Math.abs(qualities[name].bias)).toBeLessThan(0.15)
  })

  test("parkinson's is worth about five windows of open to close", () => {
    expect(qualities.parkinson.efficiency).toBeGreaterThan(3.8)
    expect(qualities.parkinson.efficiency).toBeLessThan(6.5)
  })

  test("garman and klass' is worth about seven", () => {
    expect(qualities.garman_klass.efficiency).toBeGreaterThan(5.8)
    expect(qualities.garman_klass.efficiency).toBeLessThan(9.5)
  })

  test('realised variance is worth about as many as it has returns, bipower variation a quarter less', () => {
    expect(qualities.realized_variance.efficiency).toBeGreaterThan(45)
    expect(qualities.realized_variance.efficiency).toBeLessThan(80)
    const ratio = qualities.realized_variance.efficiency / qualities.bipower_variation.efficiency
    expect(ratio).toBeGreaterThan(1.1)
    expect(ratio).toBeLessThan(1.6)
  })
})

describe('where a price jumps', () => {
  const qualities = qualitiesOf('jumps')

  test('realised variance takes the jumps in', () => {
    expect(qualities.realized_variance.bias).toBeGreaterThan(0.6)
    expect(Math.abs(qualities.realized_variance.biasWithJumps)).toBeLessThan(0.1)
  })

  test('bipower variation leaves most of them out', () => {
    expect(qualities.bipower_variation.bias).toBeLessThan(0.3)
    expect(qualities.bipower_variation.bias).toBeLessThan(qualities.realized_variance.bias / 3)
  })
})

test('few trades make ranges too small, and realised variance stays', () => {
  const qualities = qualitiesOf('few trades (100)')
  expect(qualities.parkinson.bias).toBeLessThan(-0.1)
  expect(qualities.garman_klass.bias).toBeLessThan(qualities.parkinson.bias)
  expect(Math.abs(qualities.realized_variance.bias)).toBeLessThan(0.1)
})

describe('where prices are ticks', () => {
  const qualities = qualitiesOf('ticks')

  test('realised variance is somewhat too large, the others are not', () => {
    const { realized_variance: realized, ...others } = qualities
    expect(realized.bias).toBeGreaterThan(0.05)
    expect(realized.bias).toBeLessThan(0.12)
    for (const name of estimators) if (name in others) expect(qualities[name].bias, name).toBeLessThan(0.1)
    for (const name of estimators) expect(qualities[name].bias, name).toBeGreaterThan(-0.15)
  })

  test('ranges are worth what they are without, bipower variation less', () => {
    const without = qualitiesOf('Brownian motion')
    for (const name of ['parkinson', 'garman_klass'] as const) {
      expect(Math.abs(qualities[name].efficiency / without[name].efficiency - 1), name).toBeLessThan(0.15)
    }
    expect(qualities.bipower_variation.efficiency).toBeGreaterThan(22)
    expect(qualities.bipower_variation.efficiency).toBeLessThan(0.9 * without.bipower_variation.efficiency)
  })
})

test('the bounce between bid and ask makes realised variance too large', () => {
  expect(qualitiesOf('bid-ask bounce').realized_variance.bias).toBeGreaterThan(0.15)
})

test('the same seed gives the same figures, another seed others', () => {
  const few = { windows: 20, seed: 3 }
  const [scenario] = scenarios
  expect(judge(scenario!, few)).toEqual(judge(scenario!, few))
  expect(judge(scenario!, { ...few, seed: 4 })).not.toEqual(judge(scenario!, few))
})

test('the table has a line for the bias and one for the efficiency of each market', () => {
  const table = qualityTable([...judged.values()])
  for (const { name } of scenarios) expect(table).toContain(name)
  expect(table.match(/efficiency/g)).toHaveLength(scenarios.length)
  expect(table.match(/jumps counted/g)).toHaveLength(1)
})

test('more trades make the range better known', () => {
  const biases = [tradeCounts[1]!, tradeCounts[3]!].map((trades) => {
    const process = { sigma: 0.005, trades }
    return judge({ name: '', process }, { windows: 500, seed: 1 }).qualities.parkinson.bias
  })
  expect(biases[0]!).toBeLessThan(biases[1]!)
})
