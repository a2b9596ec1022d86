/**
 * Thrown by what gave up waiting because the process is to stop (the context's `signal`). A service that ends by it, or by an error
 * caused by it, has ended as asked: nothing failed.
 */
export class StopRequestedError extends Error {
  override readonly name = 'StopRequestedError'
}

export interface UnlessStoppedOptions {
  readonly signal: AbortSignal
  /** False while something is under way that is worth waiting for. Default: always true. */
  readonly pausing?: () => boolean
}

/** The work's outcome, or a `StopRequestedError` as soon as a stop is asked for during a pause. The work itself goes on unheard. */
export async function unlessStopped<T>(
  work: Promise<T>,
  { signal, pausing = () => true }: UnlessStoppedOptions,
): Promise<T> {
  const settled = new AbortController()
  const stopped = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      if (pausing()) reject(new StopRequestedError('stopped during a pause between two attempts'))
    }
    signal.addEventListener('abort', onAbort, { signal: settled.signal })
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    settled.abort()
  }
}
