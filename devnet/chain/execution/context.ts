/** What a call changes and announces, until it is known whether it stands. */
import type { RuntimeEvent } from '../runtime/events.ts'
import { Overlay } from '../state/overlay.ts'

export class CallContext {
  readonly state: Overlay
  readonly events: RuntimeEvent[] = []
  readonly blockNumber: number

  constructor(state: Overlay, blockNumber: number) {
    this.state = state
    this.blockNumber = blockNumber
  }

  emit(event: RuntimeEvent): void {
    this.events.push(event)
  }

  /** A context whose changes and events do not count before `keep`. */
  nested(): CallContext {
    return new CallContext(new Overlay(this.state), this.blockNumber)
  }

  keep(nested: CallContext): void {
    this.state.merge(nested.state.changes)
    this.events.push(...nested.events)
  }
}
