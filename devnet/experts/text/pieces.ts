// An answer in pieces of a word's size, cut where the request wants it cut.

/**
 * Letters in eights, digits in threes, other scripts one by one, every sign by itself: not fewer pieces than a tokeniser makes tokens
 * of ordinary text, so that a limit of tokens holds.
 */
const PIECE = /\s?[A-Za-z]{1,8}|\s?\d{1,3}|\s?[^\sA-Za-z0-9]|\s+/gu

export function splitPieces(text: string): string[] {
  return text.match(PIECE) ?? []
}

export function countPieces(text: string): number {
  let count = 0
  for (const _piece of text.matchAll(PIECE)) count += 1
  return count
}

/** Ends the text before the first stop sequence. */
export function cutAtStop(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return ends.length > 0 ? text.slice(0, Math.min(...ends)) : text
}
