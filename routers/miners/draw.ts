/** Drawing by weight. Pure but for the random numbers it is given. Written with plain loops: it runs once per request. */

/**
 * Draws all indices without putting back, each next one with a chance in proportion to its weight.
 *
 * Every index gets the time of its first event in a race at the rate of its weight; the order of the times is such a draw.
 *
 * @param weights - above 0
 * @param random - 0 ≤ x < 1
 */
export function drawOrder(weights: readonly number[], random: () => number): number[] {
  const times: number[] = []
  const order: number[] = []
  for (let index = 0; index < weights.length; index += 1) {
    const time = -Math.log(1 - random()) / (weights[index] ?? 0)
    times.push(time)
    order.push(index)
    for (let at = index; at > 0 && time < (times[order[at - 1] ?? 0] ?? 0); at -= 1) {
      order[at] = order[at - 1] ?? 0
      order[at - 1] = index
    }
  }
  return order
}

/**
 * Lowers weights so that no owner has more than a share of their sum. Where that cannot be, since there are too few owners, nothing
 * changes.
 *
 * @param weights - changed in place
 * @param owners - of each weight: the index of the owner's first weight
 * @param shareMax - above 0
 */
export function capShares(weights: number[], owners: readonly number[], shareMax: number): void {
  const sums: number[] = []
  let rest = 0
  let ownerCount = 0
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] ?? 0
    const owner = owners[index] ?? index
    if (owner === index) ownerCount += 1
    sums[index] = 0
    sums[owner] = (sums[owner] ?? 0) + weight
    rest += weight
  }
  if (ownerCount * shareMax < 1) return
  const held: boolean[] = []
  let heldCount = 0
  while ((heldCount + 1) * shareMax < 1) {
    const largest = indexOfLargest(sums, held)
    const sum = sums[largest] ?? 0
    if (sum <= (rest / (1 - heldCount * shareMax)) * shareMax) break
    held[largest] = true
    heldCount += 1
    rest -= sum
  }
  if (heldCount === 0) return
  // What the others leave to each owner that is held to the share.
  const allowed = (rest / (1 - heldCount * shareMax)) * shareMax
  for (let index = 0; index < weights.length; index += 1) {
    const owner = owners[index] ?? index
    if (held[owner]) weights[index] = ((weights[index] ?? 0) * allowed) / (sums[owner] ?? 1)
  }
}

function indexOfLargest(sums: readonly number[], except: readonly boolean[]): number {
  let largest = -1
  for (let index = 0; index < sums.length; index += 1) {
    if (!except[index] && (largest === -1 || (sums[index] ?? 0) > (sums[largest] ?? 0))) largest = index
  }
  return largest
}
