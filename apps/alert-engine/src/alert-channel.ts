import type { Alert } from '@tidemark/schemas'

/** Why an alert was not taken. `transient`: a later try may do; `refused`: no later one will. */
export interface PostFailure {
  readonly kind: 'transient' | 'refused'
  readonly message: string
  /** How long the channel asks to wait. */
  readonly retryAfterMs?: number
}

export type PostOutcome = { readonly ok: true } | { readonly ok: false; readonly failure: PostFailure }

/** Where people see alerts. */
export interface AlertChannel {
  readonly name: string
  /** Tries once. Never rejects for what the channel answers. */
  post(alert: Alert): Promise<PostOutcome>
}
