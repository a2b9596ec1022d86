/** Something outside is not as it should be; the message is for whoever started the recorder. */
export class RecorderError extends Error {
  override readonly name = 'RecorderError'
}
