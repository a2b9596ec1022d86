import { SequenceFold } from './sequence-fold.ts'
import { SessionFold } from './session-fold.ts'
import { SlidingFold } from './sliding-fold.ts'
import type { WindowOperator, WindowOperatorOptions } from './window-operator.ts'
import type { Windows } from './window.ts'
import { WindowedFold } from './windowed-fold.ts'

/** The operator for a kind of windows. Throws a TypeError where the aggregator or the output lacks what the kind or `emit` needs. */
export function windowOperator<V, A, R>(
  windows: Windows<V>,
  options: WindowOperatorOptions<V, A, R>,
): WindowOperator<V> {
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping':
      return new WindowedFold({ ...options, windows })
    case 'sliding':
      return new SlidingFold(windows, options)
    case 'session':
      return new SessionFold(windows, options)
    case 'count':
    case 'volume':
      return new SequenceFold(windows, options)
  }
}
