import { pause } from './clock.ts'
import type { Clock } from './clock.ts'
import type { FrameSink } from './frame-source.ts'
import { dueAtMs, dueUntil } from './pacing.ts'
import type { Pace } from './pacing.ts'
import type { SourceFrame } from './source-frame.ts'

export interface ReplayOptions {
  readonly batches: AsyncIterable<readonly SourceFrame[]>
  readonly pace: Pace
  readonly clock: Clock
  readonly sink: FrameSink
  /** Told each run of frames that was handed over; may have something to be sent after it. */
  readonly onSent: (sent: readonly SourceFrame[]) => Promise<readonly SourceFrame[]> | undefined
}

/**
 * Plays frames to one connection at the given pace. It reads on only when the connection has room, so memory stays
 * bounded by one batch and the sink's buffer; a reader slower than the pace delays the replay and loses nothing.
 */
export async function replay({ batches, pace, clock, sink, onSent }: ReplayOptions): Promise<void> {
  for await (const batch of batches) {
    let from = 0
    while (from < batch.length) {
      if (sink.signal.aborted) return
      const nowMs = clock.nowMs()
      const to = dueUntil(pace, batch, { from, nowMs })
      if (to === from) {
        const dueMs = dueAtMs(pace, (batch[from] as SourceFrame).receivedAtUs)
        await pause(clock, Math.max(1, Math.ceil(dueMs - nowMs)), sink.signal)
        continue
      }
      const sent = batch.slice(from, to)
      sink.send(sent)
      const more = onSent(sent)
      if (more !== undefined) sink.send(await more)
      from = to
      await sink.room()
    }
  }
  await sink.flushed()
}
