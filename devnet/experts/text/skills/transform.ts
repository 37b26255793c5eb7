// Texts turned by letter and by line.

type Transform = (text: string, instruction: string) => string

const collator = new Intl.Collator('en', { numeric: true })

const TRANSFORMS: readonly (readonly [RegExp, Transform])[] = [
  [
    /\b(?:upper ?-?case|capital letters|all caps|capitali[sz]e (?:all|everything))\b/i,
    (text) => text.toUpperCase(),
  ],
  [/\b(?:lower ?-?case|small letters)\b/i, (text) => text.toLowerCase()],
  [
    /\b(?:title ?-?case|capitali[sz]e (?:each|every) word)\b/i,
    (text) => text.toLowerCase().replace(/(?<![\p{L}'’])\p{L}/gu, (letter) => letter.toUpperCase()),
  ],
  [
    /\breverse\b[^.:\n]{0,30}\b(?:words|word order|order of (?:the )?words)\b/i,
    (text) => text.trim().split(/\s+/).reverse().join(' '),
  ],
  [
    /\breverse\b[^.:\n]{0,30}\b(?:lines|list|items|order)\b/i,
    (text) => writeItems(readItems(text).reverse(), text),
  ],
  [/\b(?:reverse|backwards)\b/i, (text) => [...text].reverse().join('')],
  [
    /\b(?:remove|delete|drop) (?:all )?(?:the )?duplicates?\b|\bdeduplicate\b|\bunique (?:lines|words|items)\b/i,
    (text) => writeItems([...new Set(readItems(text))], text),
  ],
  [/\b(?:sort|alphabeti[sz]e|alphabetical order|order (?:these|the following))\b/i, sortItems],
  [
    /\b(?:number|enumerate) (?:the |these )?(?:lines|items)\b/i,
    (text) =>
      readItems(text)
        .map((item, index) => `${index + 1}. ${item}`)
        .join('\n'),
  ],
  [
    /\b(?:acronym|initials)\b/i,
    (text) =>
      text
        .split(/[\s-]+/)
        .map((word) => word.charAt(0).toUpperCase())
        .join(''),
  ],
  [/\bremove (?:all )?(?:the )?(?:punctuation)\b/i, (text) => text.replace(/[^\p{L}\p{N}\s]/gu, '')],
  [
    /\bremove (?:all )?(?:the )?(?:extra )?(?:white ?space|spaces)\b/i,
    (text, instruction) =>
      /extra/i.test(instruction) ? text.replace(/\s+/g, ' ').trim() : text.replace(/\s+/g, ''),
  ],
] // prettier-ignore

/** @returns the turn that the instruction asks for, or null */
export function findTransform(instruction: string): Transform | null {
  return TRANSFORMS.find(([pattern]) => pattern.test(instruction))?.[1] ?? null
}

/** Lines, or what stands between commas, or words. */
function readItems(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (lines.length > 1) return lines
  const items = text
    .split(/,|;| and /)
    .map((item) => item.trim())
    .filter(Boolean)
  return items.length > 1 ? items : text.trim().split(/\s+/)
}

function writeItems(items: readonly string[], like: string): string {
  if (like.trim().includes('\n')) return items.join('\n')
  return items.join(/[,;]| and /.test(like) ? ', ' : ' ')
}

function sortItems(text: string, instruction: string): string {
  const sorted = readItems(text.replace(/[.]\s*$/, '')).sort(collator.compare)
  const isDown = /\b(?:descending|reverse|largest first|highest first|z to a|z-a)\b/i.test(instruction)
  return writeItems(isDown ? sorted.reverse() : sorted, text)
}
