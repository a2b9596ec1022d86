import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listeningInode } from './port-holder.ts'
import {
  checkPortsFree,
  defaultPorts,
  planPorts,
  portNames,
  portOffsets,
  portSettings,
  portsFromBase,
  portTakenMessage,
} from './ports.ts'

describe('planPorts', () => {
  it('gives the usual ports when nothing is wished', () => {
    expect(planPorts()).toEqual({
      kafka: 9092,
      kafkaController: 9093,
      registry: 8081,
      registryManagement: 8082,
      influx: 8086,
    })
  })

  it('moves all of them with a base', () => {
    expect(planPorts({ base: 20_000 })).toEqual({
      kafka: 20_000,
      kafkaController: 20_001,
      registry: 20_002,
      registryManagement: 20_003,
      influx: 20_004,
    })
  })

  it('takes no more ports above a base than it says', () => {
    expect(Math.max(...Object.values(portOffsets))).toBe(portsFromBase - 1)
  })

  it('lets a single wish win over the base', () => {
    expect(planPorts({ base: 20_000, ports: { influx: 8086 } })).toMatchObject({ kafka: 20_000, influx: 8086 })
  })

  it('refuses a port given twice, naming both options', () => {
    expect(() => planPorts({ ports: { registry: defaultPorts.kafka } })).toThrow(/9092.*--kafka-port, --registry-port/)
  })

  it.each([0, 65_536, 1.5, Number.NaN])('refuses port %d', (kafka) => {
    expect(() => planPorts({ ports: { kafka } })).toThrow(/not between 1 and 65535 \(--kafka-port\)/)
  })

  it('refuses a base that leaves no room', () => {
    expect(() => planPorts({ base: 65_533 })).toThrow(/65536/)
  })
})

describe('portTakenMessage', () => {
  it('names the port, the server, the holder and both settings that move it', () => {
    expect(portTakenMessage({ ...portSettings.registry, port: 8081, code: 'EADDRINUSE', holder: 'pid 7 (java)' })).toBe(
      'port 8081, wanted for the schema registry, is already in use by pid 7 (java): stop that process, ' +
        'or move the schema registry with --registry-port PORT, or all ports with --port-base N',
    )
  })

  it('names the one setting there is for what moves with all others alone', () => {
    expect(portTakenMessage({ server: 'an-app', port: 8080, code: 'EADDRINUSE' })).toBe(
      'port 8080, wanted for an-app, is already in use: stop that process, or move all ports with --port-base N',
    )
  })

  it('tells a forbidden port from a taken one', () => {
    expect(portTakenMessage({ ...portSettings.kafka, port: 80, code: 'EACCES' })).toContain(
      "can't be listened on (EACCES): choose another",
    )
  })
})

describe('checkPortsFree', () => {
  const holder = createServer()
  let taken = 0
  beforeAll(async () => {
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    taken = (holder.address() as AddressInfo).port
  })
  afterAll(() => holder.close())

  it('fails for a port that something listens on', async () => {
    await expect(checkPortsFree({ ...defaultPorts, influx: taken }, ['influx'])).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(`port ${taken}, wanted for InfluxDB, is already in use`) as string,
    })
  })

  it('looks only at the ports it is asked about', async () => {
    const others = portNames.filter((name) => name === 'influx')
    await expect(checkPortsFree({ ...defaultPorts, influx: taken }, others.slice(1))).resolves.toBeUndefined()
  })
})

describe('listeningInode', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2384 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0 20 4 30 10 -1
   1: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0`

  it('finds the socket that listens, not one that is connected', () => {
    expect(listeningInode(table, 9092)).toBe('222')
  })

  it('finds nothing for another port', () => {
    expect(listeningInode(table, 9093)).toBeUndefined()
  })
})
