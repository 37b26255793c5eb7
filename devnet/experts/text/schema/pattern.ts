// Simple regular expressions, written and compared without running them: a stranger's pattern could take for ever.

type Node =
  | {
      readonly kind: 'chars'
      readonly ranges: readonly (readonly [number, number])[]
      readonly isNegated: boolean
    }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'edge'; readonly isEnd: boolean }

/** A pattern that was understood. */
export interface Pattern {
  /** The shortest text of at least `lengthMin` characters that matches from edge to edge; null when it is not found. */
  write(lengthMin: number, lengthMax: number): string | null
  /** Whether the pattern is found in the text. */
  matches(text: string): boolean
}

const LENGTH_MAX = 500
const REPEAT_MAX = 1_000
const DEPTH_MAX = 20
/** Texts longer than this are not compared. */
const COMPARED_MAX = 500

/** @returns null for a pattern with anything but characters, classes, groups, choices, counts and edges */
export function readPattern(source: string): Pattern | null {
  // Signs of two units are compared as one, and in a pattern not read.
  if (source.length > LENGTH_MAX || /[\ud800-\udfff]/.test(source)) return null
  const reader: Reader = { source, at: 0, depth: 0 }
  const node = readChoice(reader)
  if (!node || reader.at < source.length) return null
  return {
    write: (lengthMin, lengthMax) => writeNode(node, lengthMin, lengthMax),
    matches: (text) => text.length <= COMPARED_MAX && matchAnywhere(node, text),
  }
}

interface Reader {
  readonly source: string
  at: number
  depth: number
}

function readChoice(reader: Reader): Node | null {
  if (reader.depth > DEPTH_MAX) return null
  reader.depth += 1
  const parts: Node[] = []
  for (;;) {
    const part = readRow(reader)
    if (!part) return null
    parts.push(part)
    if (reader.source[reader.at] !== '|') break
    reader.at += 1
  }
  reader.depth -= 1
  return parts.length === 1 ? (parts[0] ?? null) : { kind: 'any', parts }
}

function readRow(reader: Reader): Node | null {
  const parts: Node[] = []
  for (
    let next = reader.source[reader.at];
    next !== undefined && next !== '|' && next !== ')';
    next = reader.source[reader.at]
  ) {
    const part = readAtom(reader)
    const repeated = part && readCount(reader, part)
    if (!repeated) return null
    parts.push(repeated)
  }
  return { kind: 'all', parts }
}

function readAtom(reader: Reader): Node | null {
  const sign = reader.source[reader.at] ?? ''
  reader.at += 1
  switch (sign) {
    case '^':
    case '$':
      return { kind: 'edge', isEnd: sign === '$' }
    case '.':
      return { kind: 'chars', ranges: LINE_ENDS, isNegated: true }
    case '[':
      return readClass(reader)
    case '(': {
      const rest = reader.source.slice(reader.at)
      const name = /^\?:|^\?<[A-Za-z]\w*>/.exec(rest)?.[0] ?? ''
      if (rest.startsWith('?') && name === '') return null // Looks ahead or behind.
      reader.at += name.length
      const inside = readChoice(reader)
      if (reader.source[reader.at] !== ')') return null
      reader.at += 1
      return inside
    }
    case '\\':
      return readEscape(reader)
    case '*':
    case '+':
    case '?':
    case '{':
      return null
    default:
      return single(sign)
  }
}

function single(sign: string): Node {
  const code = sign.codePointAt(0) ?? 0
  return { kind: 'chars', ranges: [[code, code]], isNegated: false }
}

/** JavaScript's white space, all of it: a class that is negated must not take what it should not. */
const SPACES = [32, 9, 10, 11, 12, 13, 160, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]

/** What a dot does not stand for. */
const LINE_ENDS = [10, 13, 0x2028, 0x2029].map((code) => [code, code] as const)

const CLASSES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  d: [[48, 57]],
  w: [
    [97, 122],
    [65, 90],
    [48, 57],
    [95, 95],
  ],
  s: [...SPACES.map((code) => [code, code] as const), [0x2000, 0x200a]],
} // prettier-ignore

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' }

function readEscape(reader: Reader): Node | null {
  const sign = reader.source[reader.at] ?? ''
  reader.at += 1
  const ranges = CLASSES[sign.toLowerCase()]
  if (ranges) return { kind: 'chars', ranges, isNegated: sign !== sign.toLowerCase() }
  if (CONTROLS[sign] !== undefined) return single(CONTROLS[sign])
  return /[A-Za-z0-9]/.test(sign) || sign === '' ? null : single(sign)
}

function readClass(reader: Reader): Node | null {
  const isNegated = reader.source[reader.at] === '^'
  if (isNegated) reader.at += 1
  const ranges: (readonly [number, number])[] = []
  while (reader.source[reader.at] !== ']') {
    const from = readClassPart(reader)
    if (!from) return null
    const isRange =
      reader.source[reader.at] === '-' && reader.source[reader.at + 1] !== ']' && from.length === 1
    if (isRange) reader.at += 1
    const to = isRange ? readClassPart(reader) : from
    const [first, last] = [from[0]?.[0], to?.[0]?.[1]]
    if (!to || first === undefined || last === undefined || last < first) return null
    ranges.push(...(isRange ? [[first, last] as const] : from))
  }
  reader.at += 1
  return ranges.length > 0 ? { kind: 'chars', ranges, isNegated } : null
}

function readClassPart(reader: Reader): readonly (readonly [number, number])[] | null {
  const sign = reader.source[reader.at]
  if (sign === undefined) return null
  reader.at += 1
  if (sign !== '\\') return [[sign.charCodeAt(0), sign.charCodeAt(0)]]
  const node = readEscape(reader)
  return node?.kind === 'chars' && !node.isNegated ? node.ranges : null
}

function readCount(reader: Reader, part: Node): Node | null {
  const [all, sign, least, comma, most] =
    /^(?:([*+?])|\{(\d{1,4})(,?)(\d{0,4})\})\??/.exec(reader.source.slice(reader.at)) ?? []
  if (all === undefined) return part
  reader.at += all.length
  const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0
  const most_ =
    sign === '?'
      ? 1
      : sign !== undefined
        ? REPEAT_MAX
        : comma === ''
          ? min
          : most === ''
            ? REPEAT_MAX
            : Number(most)
  return min > REPEAT_MAX || most_ < min || part.kind === 'edge'
    ? null
    : { kind: 'repeat', part, min, max: Math.min(REPEAT_MAX, most_) }
}

/** Tries more and more repeats until the text is long enough. */
function writeNode(node: Node, lengthMin: number, lengthMax: number): string | null {
  for (let extra = 0; extra <= Math.min(lengthMin, LENGTH_MAX); extra += 1) {
    const text = writeWith(node, extra)
    if (text === null || text.length > lengthMax || text.length > 4 * LENGTH_MAX) return null
    if (text.length >= lengthMin && matchAnywhere(node, text)) return text
  }
  return null
}

function writeWith(node: Node, extra: number): string | null {
  switch (node.kind) {
    case 'edge':
      return ''
    case 'chars':
      return writeChar(node)
    case 'any':
      for (const part of node.parts) {
        const text = writeWith(part, extra)
        if (text !== null) return text
      }
      return null
    case 'all': {
      const texts = node.parts.map((part) => writeWith(part, extra))
      return texts.includes(null) ? null : texts.join('')
    }
    case 'repeat': {
      const part = writeWith(node.part, extra)
      if (part === null) return null
      const times = Math.min(node.max, node.min + extra)
      return part.length * times > 4 * LENGTH_MAX ? null : part.repeat(times)
    }
  }
}

/** Letters before digits before signs. */
const LIKED = 'aA0 -_.@/:!#$%&*+=?~'

function writeChar(node: Extract<Node, { kind: 'chars' }>): string | null {
  if (!node.isNegated) {
    const [first] = node.ranges
    return first ? String.fromCodePoint(first[0]) : null
  }
  return [...LIKED].find((sign) => holds(node, sign.charCodeAt(0))) ?? null
}

function holds(node: Extract<Node, { kind: 'chars' }>, code: number): boolean {
  return node.ranges.some(([from, to]) => code >= from && code <= to) !== node.isNegated
}

/** Comparing stops after so many steps and counts as no match. */
const STEPS_MAX = 200_000

function matchAnywhere(node: Node, text: string): boolean {
  const codes = Array.from(text, (sign) => sign.codePointAt(0) ?? 0)
  const starts = new Set(Array.from({ length: codes.length + 1 }, (_, at) => at))
  return advance(node, { codes, steps: STEPS_MAX }, starts).size > 0
}

interface Walk {
  /** The text by its code points. */
  readonly codes: readonly number[]
  steps: number
}

/** All places where a match may end that begins at one of the given places: never more than there are places. */
function advance(node: Node, walk: Walk, from: ReadonlySet<number>): ReadonlySet<number> {
  walk.steps -= from.size + 1
  if (walk.steps < 0) return new Set()
  const { codes } = walk
  switch (node.kind) {
    case 'edge':
      return new Set([...from].filter((at) => at === (node.isEnd ? codes.length : 0)))
    case 'chars':
      return new Set(
        [...from].filter((at) => at < codes.length && holds(node, codes[at] ?? 0)).map((at) => at + 1),
      )
    case 'any':
      return new Set(node.parts.flatMap((part) => [...advance(part, walk, from)]))
    case 'all':
      return node.parts.reduce((places, part) => advance(part, walk, places), from)
    case 'repeat': {
      let places = from
      for (let times = 0; times < node.min && places.size > 0; times += 1)
        places = advance(node.part, walk, places)
      const all = new Set(places)
      for (let times = node.min; times < node.max && places.size > 0; times += 1) {
        places = new Set([...advance(node.part, walk, places)].filter((at) => !all.has(at)))
        for (const at of places) all.add(at)
      }
      return all
    }
  }
}
