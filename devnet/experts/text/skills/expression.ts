// An expression in signs or words, to a number.
import { NUMBER_WORDS } from '../language/words.ts'
import {
  ArithmeticFault,
  type Fraction,
  fraction,
  OPERATIONS,
  parseDecimal,
  squareRoot,
} from './arithmetic.ts'

type Operator = keyof typeof OPERATIONS
type Token =
  | { readonly kind: 'number'; readonly value: Fraction }
  | { readonly kind: 'operator'; readonly sign: Operator }
  | { readonly kind: 'open' | 'close' | 'root' | 'percent' }

const LENGTH_MAX = 4_000
const DEPTH_MAX = 60

const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bto the power of\b|\braised to(?: the)?\b|\*\*/g, '^'],
  [/\bmultiplied by\b|\btimes\b|[×·∙⋅]/g, '*'],
  [/\bdivided by\b|\bover\b|÷/g, '/'],
  [/\bplus\b|\badded to\b/g, '+'],
  [/\bminus\b|[−–]/g, '-'],
  [/\bmod(?:ulo)?\b/g, ' mod '],
  [/\bsquared\b/g, '^2'],
  [/\bcubed\b/g, '^3'],
  [/\b(?:the )?square root of\b|\bsqrt\b|√/g, ' root '],
  [/\bper ?cent\b/g, '%'],
  [/%\s*of\b/g, '% *'],
  [/(\d)\s*x\s*(?=\d)/g, '$1*'],
]

const TENS = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, index) => [word, 20 + 10 * index] as const),
)
const SCALES = new Map([
  ['hundred', 100n],
  ['thousand', 1_000n],
  ['million', 1_000_000n],
  ['billion', 1_000_000_000n],
  ['trillion', 1_000_000_000_000n],
])

/**
 * Works out an expression.
 *
 * @returns null when the text is no expression, or one number alone
 * @throws ArithmeticFault it is one, but has no value that is worked out here
 */
export function evaluateExpression(
  text: string,
): { readonly value: Fraction; readonly isExact: boolean } | null {
  if (text.length > LENGTH_MAX) return null
  let prepared = text
    .toLowerCase()
    .trim()
    .replace(/[=?.!\s]+$/, '')
  for (const [pattern, sign] of PHRASES) prepared = prepared.replace(pattern, sign)
  const tokens = readTokens(prepared)
  if (!tokens?.some(({ kind }) => ['operator', 'root', 'percent'].includes(kind))) return null
  const reader: Reader = { tokens, isExact: true, at: 0, depth: 0 }
  const value = readSum(reader)
  return value && reader.at === tokens.length ? { value, isExact: reader.isExact } : null
}

function readTokens(text: string): Token[] | null {
  const tokens: Token[] = []
  for (let rest = text; rest !== ''; ) {
    const [matched] =
      /^(?:\s+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[a-z]+(?:[- ](?:and )?[a-z]+)*|[()+\-*/^%])/.exec(
        rest,
      ) ?? []
    if (matched === undefined) return null
    rest = rest.slice(matched.length)
    const signs: Record<string, Token> = {
      '(': { kind: 'open' },
      ')': { kind: 'close' },
      '%': { kind: 'percent' },
    }
    const sign = signs[matched]
    if (matched.trim() === '') continue
    else if (sign) tokens.push(sign)
    else if (isOperator(matched)) tokens.push({ kind: 'operator', sign: matched })
    else if (/^[\d.]/.test(matched)) tokens.push({ kind: 'number', value: parseDecimal(matched) })
    else {
      const words = readWords(matched)
      if (!words) return null
      tokens.push(...words)
    }
  }
  return tokens
}

function isOperator(text: string): text is Operator {
  return text !== '%' && text in OPERATIONS
}

/** `root`, `mod` and number words: "twenty-one", "two hundred and five". */
function readWords(text: string): Token[] | null {
  const tokens: Token[] = []
  let total = 0n
  let part = 0n
  let hasNumber = false
  const flush = () => {
    if (hasNumber) tokens.push({ kind: 'number', value: fraction(total + part) })
    total = part = 0n
    hasNumber = false
  }
  for (const word of text.split(/[- ]+/)) {
    const small = NUMBER_WORDS.get(word) ?? TENS.get(word)
    const scale = SCALES.get(word)
    if (small !== undefined) part += BigInt(small)
    else if (scale !== undefined && scale === 100n) part = (part || 1n) * scale
    else if (scale !== undefined) {
      total += (part || 1n) * scale
      part = 0n
    } else if (word === 'root' || word === 'mod') {
      flush()
      tokens.push(word === 'root' ? { kind: 'root' } : { kind: 'operator', sign: '%' })
      continue
    } else if (word === 'and' && hasNumber) continue
    else return null
    hasNumber = true
  }
  flush()
  return tokens
}

interface Reader {
  readonly tokens: readonly Token[]
  /** Whether no root had to be rounded. */
  isExact: boolean
  at: number
  depth: number
}

function takeOperator(reader: Reader, signs: readonly Operator[]): Operator | null {
  const token = reader.tokens[reader.at]
  if (token?.kind !== 'operator' || !signs.includes(token.sign)) return null
  reader.at += 1
  return token.sign
}

function readSum(reader: Reader): Fraction | null {
  let left = readProduct(reader)
  for (let sign = takeOperator(reader, ['+', '-']); sign && left; sign = takeOperator(reader, ['+', '-'])) {
    const right = readProduct(reader)
    left = right && OPERATIONS[sign](left, right)
  }
  return left
}

function readProduct(reader: Reader): Fraction | null {
  let left = readPower(reader)
  for (
    let sign = takeOperator(reader, ['*', '/', '%']);
    sign && left;
    sign = takeOperator(reader, ['*', '/', '%'])
  ) {
    const right = readPower(reader)
    left = right && OPERATIONS[sign](left, right)
  }
  return left
}

/** A power binds to the right and tighter than a sign before it: -2^2 is -4. */
function readPower(reader: Reader): Fraction | null {
  if (reader.depth > DEPTH_MAX) throw new ArithmeticFault('The expression is nested too deeply.')
  reader.depth += 1
  try {
    if (takeOperator(reader, ['-'])) return negate(readPower(reader))
    if (takeOperator(reader, ['+'])) return readPower(reader)
    const base = readAtom(reader)
    if (!base || !takeOperator(reader, ['^'])) return base
    const exponent = readPower(reader)
    return exponent && OPERATIONS['^'](base, exponent)
  } finally {
    reader.depth -= 1
  }
}

function readAtom(reader: Reader): Fraction | null {
  const token = reader.tokens[reader.at]
  reader.at += 1
  if (token?.kind === 'root') {
    const isNegative = takeOperator(reader, ['-']) !== null
    const square = isNegative ? negate(readAtom(reader)) : readAtom(reader)
    const root = square && squareRoot(square)
    reader.isExact &&= root?.isExact !== false
    return root?.value ?? null
  }
  let value: Fraction | null = null
  if (token?.kind === 'number') ({ value } = token)
  else if (token?.kind === 'open') {
    value = readSum(reader)
    if (reader.tokens[reader.at]?.kind !== 'close') return null
    reader.at += 1
  }
  return value && readPercent(reader, value)
}

/** `15 %` is a hundredth part, but `17 % 5` a remainder: what follows decides. */
function readPercent(reader: Reader, value: Fraction): Fraction | null {
  if (reader.tokens[reader.at]?.kind !== 'percent') return value
  reader.at += 1
  const next = reader.tokens[reader.at]
  if (next?.kind === 'number' || next?.kind === 'open') {
    const right = readAtom(reader)
    return right && OPERATIONS['%'](value, right)
  }
  return OPERATIONS['/'](value, fraction(100n))
}

function negate(value: Fraction | null): Fraction | null {
  return value && fraction(-value.over, value.under)
}
