/** The part of a running stream application that health and shutdown need; `run` of @tidemark/streams returns one. */
export interface StreamsLike {
  readonly done: Promise<void>
  health(): StreamsLikeHealth
  stop(): Promise<void>
}

/** Commits of a partition that have failed since the last one that did not: how many, the last error, and when its task starts anew. */
export interface StreamsLikeFailures {
  readonly commits: number
  readonly code: string
  readonly message: string
  readonly retryAtMs: number
}

export interface StreamsLikeHealth {
  readonly status: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'
  readonly live: boolean
  readonly ready: boolean
  readonly processed: number
  readonly late: number
  readonly deadLetters: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly committed: number
    readonly endOffset: number | undefined
    readonly status: 'running' | 'restoring' | 'suspended' | 'waiting'
    readonly failing: StreamsLikeFailures | undefined
    readonly restoring: readonly { readonly state: string; readonly restored: number; readonly total: number }[]
  }[]
  readonly stateEntries: ReadonlyMap<string, number>
  readonly bufferedBytes: number
}
