import { mkdtemp, writeFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { tryLock } from './process-lock.ts'
const dir = await mkdtemp('/tmp/lk-'); let bad = 0
const host = { env: {}, pid: 900000001, execPath: '', kill(p: number): true { if (p === 900000001) return true; throw Object.assign(new Error(), { code: 'ESRCH' }) } }
for (let i = 0; i < 400; i++) { const p = join(dir, 'l' + i); await writeFile(p, JSON.stringify({ pid: 900000002, startTicks: '' }))
  const r = await Promise.all(Array.from({ length: 25 }, () => tryLock(host, p))); if (r.filter((x) => x.ok).length !== 1) bad++ }
console.log({ bad }); await rm(dir, { recursive: true })
