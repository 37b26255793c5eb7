/** The port to the durable lane: delivers ids of due steps to workers, at least once, perhaps late, perhaps twice. */

export type StepReference = {
  readonly runId: string
  readonly stepId: string
  /** Capability or `text.concat`: each has a queue of its own. */
  readonly use: string
  readonly fence: number
}

export interface StepQueue {
  /** Delivered after `delayMs` or later. Adding the same reference twice may deliver it twice: the claim sorts it out. */
  add(step: StepReference, options: { readonly delayMs: number }): Promise<void>
  /** Starts workers for that kind of step. The handler never rejects for a step's own failure: those are rows. */
  work(
    use: string,
    concurrency: number,
    handler: (step: StepReference, signal: AbortSignal) => Promise<void>,
  ): void
  state(): { readonly kind: string; readonly serving: boolean; readonly problem: string | null }
  /** Takes no more steps, waits for running handlers at most `drainMs`, then aborts their signal. */
  close(drainMs: number): Promise<void>
}
