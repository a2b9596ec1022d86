import process from 'node:process'
import { runService } from '@tidemark/service'
import { configSchema } from './config.ts'
import { startInfluxSink } from './start-influx-sink.ts'

await runService({ name: 'influx-sink', config: configSchema, process, start: startInfluxSink })
