/** The gate by facts alone: what can do the step, cheapest first. */
import type { ExpertOffer, Gate, GateStep } from '../../src/ports/routing.ts'

/** Builds a gate that compares capability and worst-case price. It holds no state. */
export function createGate(): Gate {
  return { choose }
}

function choose(step: GateStep, offers: readonly ExpertOffer[]): readonly ExpertOffer[] {
  return offers.filter((offer) => fits(step, offer)).sort(compareOffers)
}

function fits(step: GateStep, offer: ExpertOffer): boolean {
  return (
    offer.capability === step.capability &&
    offer.minerCount > 0 &&
    (step.model === null || step.model === offer.model)
  )
}

/** Cheapest first; at the same price the one with more miners, then by name, so that the order never depends on that of the offers. */
function compareOffers(a: ExpertOffer, b: ExpertOffer): number {
  if (a.priceRao !== b.priceRao) return a.priceRao < b.priceRao ? -1 : 1
  return b.minerCount - a.minerCount || compareText(a.name, b.name) || compareText(a.model, b.model)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
