/** What a worker prints when it is ready. */

export type WorkerFacts = { readonly version: string; readonly url: string; readonly tookMs: number }

export function writeWorkerLines({ version, url, tookMs }: WorkerFacts): string {
  return `Yumagate ${version}, worker, ready after ${(tookMs / 1000).toFixed(1)} s\n  health      ${url}/readyz\n`
}

/** The one line of `--json`. */
export function writeWorkerReadyLine({ version, url, tookMs }: WorkerFacts): string {
  const facts = { ready: true, role: 'worker', url, version, pid: process.pid, took_ms: Math.round(tookMs) }
  return `${JSON.stringify(facts)}\n`
}
