import { expect, test } from 'vitest'
import { printableBytes, printableText } from './printable-text.ts'

test('what a terminal acts on is shown as what it is; letters of any language stay', () => {
  expect(printableText('Größe 価格 🐳')).toBe('Größe 価格 🐳')
  expect(printableText('a\u001b[31m\r\n\u202eb')).toBe('a\\u{1b}[31m\\u{d}\\u{a}\\u{202e}b')
  expect(printableText('a\r\n\tb\u001b', { multiline: true })).toBe('a\\u{d}\n\tb\\u{1b}')
})

test('a text that is too long is cut between characters', () => {
  expect(printableText('abc', { maxChars: 3 })).toBe('abc')
  expect(printableText('abcd', { maxChars: 3 })).toBe('abc…')
  expect(printableText('ab🐳d', { maxChars: 3 })).toBe('ab…')
})

test('bytes that are no text are shown in hexadecimal', () => {
  expect(printableBytes(null, 10)).toBe('(none)')
  expect(printableBytes(Buffer.from('é'), 10)).toBe('é')
  expect(printableBytes(Buffer.from([0xff, 1, 2]), 4)).toBe('0xff01…')
})
