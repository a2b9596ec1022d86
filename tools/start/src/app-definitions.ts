import type { AppPorts } from './app-ports.ts'

/** An app as it is started: where its code is, where its health is, and whether it needs InfluxDB to exist. */
export interface AppDefinition {
  readonly name: string
  readonly entry: string
  readonly healthPort: number
  readonly needsInflux: boolean
}

export function appDefinitions(ports: AppPorts): AppDefinition[] {
  const app = (name: string, healthPort: number, needsInflux = false): AppDefinition => ({
    name,
    entry: `apps/${name}/src/main.ts`,
    healthPort,
    needsInflux,
  })
  return [
    app('trade-producer', ports.producer),
    app('window-aggregator', ports.aggregator),
    app('alert-engine', ports.alerts),
    app('influx-sink', ports.sink, true),
  ]
}
