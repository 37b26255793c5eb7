/** OpenAI's `x-ratelimit-*` headers, of what is known of a key's limits. */
import type { KeyRate } from '../billing/key-rate.ts'

export function rateHeaders({ state }: Pick<KeyRate, 'state'>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [kind, bucket] of Object.entries(state)) {
    if (!bucket) continue
    headers[`x-ratelimit-limit-${kind}`] = String(bucket.perMinute)
    headers[`x-ratelimit-remaining-${kind}`] = String(bucket.remaining)
    headers[`x-ratelimit-reset-${kind}`] = writeDuration(bucket.resetMs)
  }
  return headers
}

/** `1s`, `6m0s`, `1h0m0s`: whole seconds, rounded up. */
export function writeDuration(durationMs: number): string {
  const whole = Math.max(0, Math.ceil(durationMs / 1000))
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}
