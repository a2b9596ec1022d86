import { isUtf8 } from 'node:buffer'

/** Everything a terminal could take for a command: control, formatting and unassigned characters, lone surrogates. */
const unsafe = /[\p{C}\u2028\u2029]/gu
const lineBreaksAndTabs = /[\n\t]/

/**
 * Text from outside, safe to print: what a terminal could take for a command is shown as `\u{1b}`. Cut after `maxChars`, with an
 * ellipsis; with `multiline`, line breaks and tabs stay.
 */
export function printableText(text: string, { maxChars = Infinity, multiline = false } = {}): string {
  const cut = text.slice(0, maxChars).replace(/[\ud800-\udbff]$/, '') // no half of a character
  const shown = text.length > maxChars ? `${cut}…` : text
  return shown.replace(unsafe, (character) =>
    multiline && lineBreaksAndTabs.test(character) ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** Bytes as text where they are UTF-8, otherwise in hexadecimal digits; the word for none. */
export function printableBytes(bytes: Buffer | null, maxChars: number): string {
  if (bytes === null) return '(none)'
  if (isUtf8(bytes)) return printableText(bytes.toString(), { maxChars })
  const digits = bytes.subarray(0, Math.ceil(maxChars / 2)).toString('hex')
  return `0x${digits}${bytes.length * 2 > maxChars ? '…' : ''}`
}
