import { readFile, truncate, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fixtureFrame, fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { readRecording } from './recording-reader.ts'

async function frames(file: string): Promise<string[]> {
  const read: string[] = []
  for await (const batch of readRecording(file)) read.push(...batch.frames.map(({ bytes }) => bytes.toString()))
  return read
}

describe('a recording', () => {
  const trades = fixtureTrades(5000)
  const expected = trades.map(fixtureFrame)

  it('reads the same frames from gzip and from plain text, over many chunks', async () => {
    await using plain = await temporaryFile(recordingText(trades))
    await using zipped = await temporaryFile(recordingText(trades), { gzip: true })
    expect(await frames(plain.file)).toEqual(expected)
    expect(await frames(zipped.file)).toEqual(expected)
  })

  it('reads archives that were appended to one another', async () => {
    await using recording = await temporaryFile('')
    const members = [trades.slice(0, 10), trades.slice(10, 20)].map((part) => gzipSync(recordingText(part)))
    await writeFile(recording.file, Buffer.concat(members))
    expect(await frames(recording.file)).toEqual(expected.slice(0, 20))
  })

  it('reads a last line without a line end, and line ends of either kind', async () => {
    await using recording = await temporaryFile(recordingText(trades.slice(0, 3)).trimEnd().replaceAll('\n', '\r\n'))
    expect(await frames(recording.file)).toEqual(expected.slice(0, 3))
  })

  it('numbers its batches by line', async () => {
    await using recording = await temporaryFile(recordingText(trades))
    let next = 1
    for await (const { firstLine, frames: read } of readRecording(recording.file)) {
      expect(firstLine).toBe(next)
      next += read.length
    }
    expect(next).toBe(5001)
  })

  it('names file and line of a bad line, far into the file as well', async () => {
    await using recording = await temporaryFile(`${recordingText(trades)}nonsense\n`)
    await expect(frames(recording.file)).rejects.toMatchObject({
      code: 'bad-recording',
      message: `recording ${recording.file} line 5001: expected "<receive time> <frame>", found no space`,
    })
  })

  it('names the file that a cut-off archive or a missing file is', async () => {
    await using recording = await temporaryFile(recordingText(trades), { gzip: true })
    await truncate(recording.file, (await readFile(recording.file)).length - 20)
    await expect(frames(recording.file)).rejects.toThrow(`recording ${recording.file} cannot be read after line`)
    await expect(frames(recording.file)).rejects.toThrow('unexpected end of file')
    await expect(frames(`${recording.file}.none`)).rejects.toThrow('cannot be read after line 0: ENOENT')
  })
})
