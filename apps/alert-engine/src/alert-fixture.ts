import type { Alert } from '@tidemark/schemas'

/** A firing alert about one minute. */
export const alert: Alert = {
  id: 'high-volatility:BTCUSDT:1m:1723161420000',
  rule: 'high-volatility',
  symbol: 'BTCUSDT',
  severity: 'warning',
  status: 'firing',
  value: 1.2345678,
  threshold: 1,
  started_at_ms: 1_723_161_480_000,
  resolved_at_ms: null,
  text: 'BTCUSDT: realized volatility 123 % in the minute from 2024-08-08 23:57:00 UTC',
  window: '1m',
  window_start_ms: 1_723_161_420_000,
}
