/** Faults on request: a model name with one of these in front makes the miner misbehave, so that a gateway can be tried against it. */

export const FAULTS = ['fail', 'slow', 'cut', 'garbage', 'busy'] as const

/** `fail` answers 500 · `slow` waits a second and more before and between · `cut` breaks off after the first token · `garbage` answers nonsense · `busy` answers 429 */
export type Fault = (typeof FAULTS)[number]

/** Splits `slow-yuma-text` into the fault and the model's own name. */
export function readFault(model: string): { readonly fault: Fault | null; readonly model: string } {
  const fault = FAULTS.find((name) => model.startsWith(`${name}-`)) ?? null
  return { fault, model: fault === null ? model : model.slice(fault.length + 1) }
}
