import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError } from './config.ts'
import { secret, serviceFields } from './fields.ts'
import { runService, type RunningService, type ServiceContext } from './run-service.ts'
import { StopRequestedError } from './unless-stopped.ts'

const schema = z.object({ ...serviceFields(0), TOKEN: secret() })
const env = { HEALTH_HOST: '127.0.0.1', TOKEN: 'opensesame' }
type Context = ServiceContext<z.output<typeof schema>>

/** A process that remembers its exits instead of ending. */
class FakeProcess extends EventEmitter {
  readonly env: Record<string, string>
  readonly exits: number[] = []
  readonly written: string[] = []
  readonly stderr = { write: (text: string) => this.written.push(text) }

  constructor(environment: Record<string, string> = env) {
    super()
    this.env = environment
  }

  exit(code: number): void {
    this.exits.push(code)
    this.emit('exit', code)
  }
}

/** A service that runs until it is stopped, told to end, or told to fail. */
class FakeService extends EventEmitter implements RunningService {
  readonly ended = Promise.withResolvers<void>()
  readonly done = this.ended.promise
  stops = 0

  async stop(): Promise<void> {
    this.stops++
    this.ended.resolve()
  }

  health() {
    return { status: 'ok' as const }
  }
  live() {
    return true
  }
  ready() {
    return true
  }
}

function run(
  process: FakeProcess,
  start: (context: Context) => Promise<RunningService>,
  wait?: (ms: number) => Promise<void>,
) {
  const log: Record<string, unknown>[] = []
  const logDestination = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) }
  const started = Promise.withResolvers<Context>()
  const finished = runService({
    name: 'fake',
    config: schema,
    process,
    logDestination,
    ...(wait !== undefined && { wait }),
    start: (context) => {
      const service = start(context)
      started.resolve(context)
      return service
    },
  })
  return { finished, log, started: started.promise }
}

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'])('%s stops the service and exits with 0', async (signal) => {
    const process = new FakeProcess()
    const service = new FakeService()
    const { finished, started } = run(process, async () => service)
    await started
    process.emit(signal)
    await finished
    expect([service.stops, process.exits]).toEqual([1, [0]])
  })

  it('that comes a second time exits at once, with the code of the signal', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    service.stop = () => new Promise(() => undefined)
    const { started } = run(
      process,
      async () => service,
      () => new Promise(() => undefined),
    )
    await started
    process.emit('SIGTERM')
    process.emit('SIGINT')
    expect(process.exits).toEqual([130])
  })

  it('exits with 1 where stopping takes too long', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    service.stop = () => new Promise(() => undefined)
    const waits: number[] = []
    const { finished, started, log } = run(
      process,
      async () => service,
      async (ms) => void waits.push(ms),
    )
    await started
    process.emit('SIGTERM')
    await finished
    expect([process.exits, waits]).toEqual([[1], [25_000]])
    expect(JSON.stringify(log)).toContain('stopping took longer than 25000 ms')
  })

  it('during a start that waits for something makes it give up, and exits with 0', async () => {
    const process = new FakeProcess()
    const { finished, started } = run(process, async ({ signal }) => {
      await once(signal, 'abort')
      throw new Error('gave up waiting')
    })
    await started
    process.emit('SIGTERM')
    await finished
    expect(process.exits).toEqual([0])
  })
})

describe('the end of a service', () => {
  it('by itself exits with 0', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    service.ended.resolve()
    await run(process, async () => service).finished
    expect(process.exits).toEqual([0])
  })

  it('by a failure is a fatal line in the log, and exits with 1', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    service.ended.reject(new Error('the group is gone'))
    const { finished, log } = run(process, async () => service)
    await finished
    expect(process.exits).toEqual([1])
    expect(log.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'the group is gone' } })
  })

  it('that failed while it was stopping exits with 1', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    service.stop = async () => service.ended.reject(new Error('the last commit failed'))
    const { finished, started } = run(process, async () => service)
    await started
    process.emit('SIGTERM')
    await finished
    expect(process.exits).toEqual([1])
  })

  it('by giving up a wait when asked to stop exits with 0', async () => {
    const process = new FakeProcess()
    const service = new FakeService()
    const gaveUp = new Error('sink influx: gave up', { cause: new StopRequestedError('asked to stop') })
    service.stop = async () => service.ended.reject(gaveUp)
    const { finished, started, log } = run(process, async () => service)
    await started
    process.emit('SIGTERM')
    await finished
    expect(process.exits).toEqual([0])
    expect(JSON.stringify(log)).toContain('work left over')
  })

  it('before it began, by a failed start, exits with 1', async () => {
    const process = new FakeProcess()
    await run(process, () => Promise.reject(new Error('no registry'))).finished
    expect(process.exits).toEqual([1])
  })

  it.each(['uncaughtException', 'unhandledRejection'])('by an %s is fatal', async (event) => {
    const process = new FakeProcess()
    const { started, log } = run(process, async () => new FakeService())
    await started
    process.emit(event, new Error('a bug'))
    expect(process.exits).toEqual([1])
    expect(log.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'a bug' } })
    process.emit('SIGTERM')
  })
})

describe('the start', () => {
  it('writes wrong settings to stderr and exits with 78, before anything is started', async () => {
    const process = new FakeProcess({ HEALTH_PORT: 'x' })
    const { finished } = run(process, () => expect.unreachable())
    await finished
    expect(process.exits).toEqual([78])
    expect(process.written.join('')).toMatch(/^fake: 2 settings are wrong:\n {2}HEALTH_PORT.*\n {2}TOKEN is not set/)
  })

  it('exits with 78 too where it is the start that refuses a setting, and says only what is wrong', async () => {
    const process = new FakeProcess()
    await run(process, () => Promise.reject(new ConfigError(['RULES is empty']))).finished
    expect(process.exits).toEqual([78])
    expect(process.written).toEqual(['fake: a setting is wrong:\n  RULES is empty\n'])
  })

  it('logs the settings without secrets', async () => {
    const process = new FakeProcess()
    const { started, finished, log } = run(process, async () => new FakeService())
    await started
    expect(log[0]).toMatchObject({ msg: 'starting', config: { TOKEN: '(set)', LOG_LEVEL: 'info' } })
    expect(JSON.stringify(log)).not.toContain('opensesame')
    process.emit('SIGTERM')
    await finished
  })

  it('is live but not ready until it is done, and ready after', async () => {
    const process = new FakeProcess()
    const ready = Promise.withResolvers<RunningService>()
    const { started, finished, log } = run(process, () => ready.promise)
    await started
    const url = `http://127.0.0.1:${String(log.find((line) => line['msg'] === 'health is served')?.['port'])}`
    const codes = () =>
      Promise.all(['/livez', '/readyz', '/health'].map(async (path) => (await fetch(url + path)).status))
    expect(await codes()).toEqual([200, 503, 503])
    ready.resolve(new FakeService())
    await ready.promise
    expect(await codes()).toEqual([200, 200, 200])
    process.emit('SIGTERM')
    await finished
  })
})
