/** What is used of autocannon's result. Latencies in milliseconds, durations in seconds. */
export type Result = {
  readonly '2xx': number
  readonly non2xx: number
  readonly errors: number
  readonly duration: number
  readonly latency: { readonly p50: number; readonly p99: number }
}

export function fire(options: {
  readonly url: string
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly connections: number
  readonly duration: number
}): Promise<Result>
