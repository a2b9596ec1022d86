/** What stopped the simulator, as a closed list. */
export type SimulatorErrorCode =
  'bad-option' | 'bad-recording' | 'bad-malformed-file' | 'bad-faults' | 'port-taken' | 'not-installed'

/** The one error of the simulator. The message names the thing (file and line, option, port) and the likely cause. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError'
  readonly code: SimulatorErrorCode

  constructor(code: SimulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
