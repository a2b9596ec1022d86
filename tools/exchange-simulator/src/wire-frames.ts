/** What one message of a WebSocket carries. */
export interface Payload {
  readonly bytes: Buffer
  readonly binary: boolean
}

const TEXT = 0x81
const BINARY = 0x82
/** Payloads from these sizes on need two and eight bytes for their length. */
const MEDIUM_BYTES = 126
const LARGE_BYTES = 65_536

/**
 * Messages as a server sends them (RFC 6455 §5.2: whole, not masked), one behind the other: a batch leaves in one
 * write, where a WebSocket library would make several small ones of each message.
 */
export function wireFrames(payloads: readonly Payload[]): Buffer {
  let size = 0
  for (const { bytes } of payloads) size += headerSize(bytes.length) + bytes.length
  const wire = Buffer.allocUnsafe(size)
  let at = 0
  for (const { bytes, binary } of payloads) {
    at = writeHeader(wire, at, { opcode: binary ? BINARY : TEXT, length: bytes.length })
    at += bytes.copy(wire, at)
  }
  return wire
}

function headerSize(length: number): number {
  return length < MEDIUM_BYTES ? 2 : length < LARGE_BYTES ? 4 : 10
}

function writeHeader(wire: Buffer, at: number, { opcode, length }: { opcode: number; length: number }): number {
  wire[at] = opcode
  if (length < MEDIUM_BYTES) {
    wire[at + 1] = length
    return at + 2
  }
  if (length < LARGE_BYTES) {
    wire[at + 1] = 126
    return wire.writeUInt16BE(length, at + 2)
  }
  wire[at + 1] = 127
  return wire.writeBigUInt64BE(BigInt(length), at + 2)
}
