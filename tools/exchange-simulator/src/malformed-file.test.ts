import { describe, expect, it } from 'vitest'
import { parseMalformedFile, readMalformedFile } from './malformed-file.ts'

describe('a file of malformed frames', () => {
  it('gives text or any bytes, with either opcode', () => {
    const text = JSON.stringify([
      { name: 'a', code: 'not-json', text: '{é' },
      { name: 'b', code: 'binary', base64: '/wA=', binary: true },
    ])
    expect(parseMalformedFile(text, 'f')).toEqual([
      { name: 'a', code: 'not-json', bytes: Buffer.from('{é'), binary: false },
      { name: 'b', code: 'binary', bytes: Buffer.from([255, 0]), binary: true },
    ])
  })

  it.each([
    ['{', 'not JSON'],
    ['{}', 'expected a JSON array'],
    ['[1]', 'entry 0: expected an object'],
    ['[{"code":"empty","text":""}]', 'entry 0: name is not a string'],
    ['[{"name":"a","code":"odd","text":""}]', 'entry 0: code is none of not-json'],
    ['[{"name":"a","code":"empty"}]', 'entry 0: neither text nor base64'],
    ['[{"name":"a","code":"empty","text":"","binary":1}]', 'entry 0: binary is neither'],
  ])('says what is wrong with %s', (text, issue) => {
    expect(() => parseMalformedFile(text, 'f.json')).toThrow(`malformed frames f.json: ${issue}`)
  })

  it('is named when it cannot be read', async () => {
    await expect(readMalformedFile('no-such-file.json')).rejects.toThrow('malformed frames no-such-file.json: ENOENT')
  })
})
