import type { Windows } from '@tidemark/windowing'
import { durationLabel } from './duration-label.ts'

/** Windows by their kind and sizes, such as `tumbling-1m-grace-2s`: names their state, which is refused for any others. */
export function windowsName<V>(windows: Windows<V>): string {
  switch (windows.kind) {
    case 'tumbling':
      return `tumbling-${durationLabel(windows.sizeMs)}-grace-${durationLabel(windows.graceMs)}`
    case 'hopping': {
      const { sizeMs, advanceMs, graceMs } = windows
      return `hopping-${durationLabel(sizeMs)}-by-${durationLabel(advanceMs)}-grace-${durationLabel(graceMs)}`
    }
    case 'sliding':
      return `sliding-${durationLabel(windows.timeDifferenceMs)}-grace-${durationLabel(windows.graceMs)}`
    case 'session':
      return `session-${durationLabel(windows.gapMs)}-grace-${durationLabel(windows.graceMs)}`
    case 'count':
    case 'volume':
      return `${windows.kind}-${windows.size}`
  }
}

/** What the late header says: the size of the windows, where they have one in time. */
export function lateLabel<V>(windows: Windows<V>): string {
  return windows.kind === 'tumbling' || windows.kind === 'hopping'
    ? durationLabel(windows.sizeMs)
    : windowsName(windows)
}
