/**
 * Throws a TypeError where a step has answered with a promise: what it does later is no part of its record, whose state and results would be committed
 * without it.
 */
export function refusePromise(answer: unknown, step: string): void {
  if (typeof answer !== 'object' || answer === null || !('then' in answer) || typeof answer.then !== 'function') return
  // Its own error, if it has one, comes too late to stop anything.
  Promise.resolve(answer as PromiseLike<unknown>).catch(() => undefined)
  throw new TypeError(`${step} is async; steps are synchronous`)
}
