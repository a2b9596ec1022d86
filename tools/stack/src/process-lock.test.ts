import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Host } from './launch-context.ts'
import { tryLock } from './process-lock.ts'
import { parseProcessStat } from './process-table.ts'

const ownPid = 900_000_001
const otherPid = 900_000_002

/** A host on which exactly these processes run; their ids are above any a kernel gives, so /proc says nothing of them. */
function hostWith(...running: readonly number[]): Host {
  return {
    env: {},
    pid: ownPid,
    execPath: '',
    kill(pid) {
      if (running.includes(pid)) return true
      throw Object.assign(new Error('no such process'), { code: 'ESRCH' })
    },
  }
}

describe('tryLock', () => {
  let folder = ''
  let path = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-lock-'))
    path = join(folder, 'a.lock')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('takes a free lock, and leaves nothing behind when it lets go', async () => {
    const attempt = await tryLock(hostWith(ownPid), path)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: ownPid })
    if (attempt.ok) await attempt.lock.release()
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses a lock whose owner runs, and names the owner', async () => {
    await writeFile(path, JSON.stringify({ pid: otherPid, startTicks: '' }))
    expect(await tryLock(hostWith(ownPid, otherPid), path)).toMatchObject({ ok: false, owner: { pid: otherPid } })
  })

  it('refuses a second lock of the same process', async () => {
    const host = hostWith(ownPid)
    expect([(await tryLock(host, path)).ok, (await tryLock(host, path)).ok]).toEqual([true, false])
  })

  it('takes over a lock whose owner is gone', async () => {
    await writeFile(path, JSON.stringify({ pid: otherPid, startTicks: '' }))
    expect((await tryLock(hostWith(ownPid), path)).ok).toBe(true)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: ownPid })
  })

  it.each(['', '{', '{"pid":"1"}', 'null'])('takes over a lock file that holds %j', async (content) => {
    await writeFile(path, content)
    expect((await tryLock(hostWith(ownPid), path)).ok).toBe(true)
  })

  it('takes over a stale lock although the one that was taking it over died at it', async () => {
    for (const stale of [path, `${path}.takeover`])
      await writeFile(stale, JSON.stringify({ pid: otherPid, startTicks: '' }))
    expect((await tryLock(hostWith(ownPid), path)).ok).toBe(true)
    expect(await readdir(folder)).toEqual(['a.lock'])
  })

  it('gives a stale lock to exactly one of many that want it at once', async () => {
    await writeFile(path, JSON.stringify({ pid: otherPid, startTicks: '' }))
    const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(hostWith(ownPid), path)))
    expect(attempts.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['a.lock'])
  })
})

describe('parseProcessStat', () => {
  it('reads state, group and start time, whatever the program is named', () => {
    const stat = '77 (a) b (c) S 1 70 70 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 99 0'
    expect(parseProcessStat(stat)).toEqual({ state: 'S', group: 70, startTicks: '123456' })
  })
})
