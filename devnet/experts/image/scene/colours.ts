// Colour words and their values, and arithmetic on `#rrggbb` strings.

/** Colour word → `#rrggbb`. */
export const COLOURS: ReadonlyMap<string, string> = new Map([
  ['red', '#d92b2b'],
  ['orange', '#f08a24'],
  ['yellow', '#f4cf2c'],
  ['green', '#35a04a'],
  ['blue', '#2f6fdb'],
  ['purple', '#7d45c4'],
  ['violet', '#7d45c4'],
  ['pink', '#ee7fb0'],
  ['brown', '#8a5a35'],
  ['black', '#26262b'],
  ['white', '#f4f4f4'],
  ['grey', '#8d9299'],
  ['gray', '#8d9299'],
  ['golden', '#e0b02c'],
  ['gold', '#e0b02c'],
  ['silver', '#b8bec8'],
  ['turquoise', '#2fb8b0'],
  ['cyan', '#37b9dd'],
  ['beige', '#dcc9a3'],
])

/** `#rrggbb` → red, green, blue, 0 to 255. */
export function channelsOf(colour: string): [number, number, number] {
  return [
    Number.parseInt(colour.slice(1, 3), 16),
    Number.parseInt(colour.slice(3, 5), 16),
    Number.parseInt(colour.slice(5, 7), 16),
  ]
}

/** The colour `share` (0 to 1) of the way from the first to the second. */
export function mixColours(first: string, second: string, share: number): string {
  const to = channelsOf(second)
  const mixed = channelsOf(first).map((value, channel) => {
    const blended = Math.round(value + ((to[channel] ?? 0) - value) * share)
    return Math.min(255, Math.max(0, blended)).toString(16).padStart(2, '0')
  })
  return `#${mixed.join('')}`
}
