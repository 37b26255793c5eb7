// Exact arithmetic: fractions of big integers, so that no digit is made up.

/** A fraction in lowest terms; the denominator is positive. */
export interface Fraction {
  readonly over: bigint
  readonly under: bigint
}

/** Why there is no number; the message says it to the caller. */
export class ArithmeticFault extends Error {
  override readonly name = 'ArithmeticFault'
}

/** Digits of the largest number that is worked with. */
const DIGITS_MAX = 5_000
const BITS_MAX = BigInt(Math.ceil(DIGITS_MAX * 3.33))
/** Decimals of a result that does not end. */
const DECIMALS = 12

export function fraction(over: bigint, under = 1n): Fraction {
  if (under === 0n) throw new ArithmeticFault('Nothing can be divided by zero.')
  const divisor = greatestCommonDivisor(over < 0n ? -over : over, under < 0n ? -under : under) || 1n
  const sign = under < 0n ? -1n : 1n
  return { over: (sign * over) / divisor, under: (sign * under) / divisor }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b]
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller]
  return larger
}

/** `12`, `1,000`, `0.25` → a fraction. */
export function parseDecimal(text: string): Fraction {
  const [whole = '0', decimals = ''] = text.replaceAll(',', '').split('.')
  if (whole.length + decimals.length > DIGITS_MAX) throw tooLarge()
  return fraction(BigInt(`${whole}${decimals}` || '0'), 10n ** BigInt(decimals.length))
}

export const OPERATIONS = {
  '+': (a: Fraction, b: Fraction) =>
    fraction(checked(a.over * b.under + b.over * a.under), checked(a.under * b.under)),
  '-': (a: Fraction, b: Fraction) =>
    fraction(checked(a.over * b.under - b.over * a.under), checked(a.under * b.under)),
  '*': (a: Fraction, b: Fraction) => fraction(checked(a.over * b.over), checked(a.under * b.under)),
  '/': (a: Fraction, b: Fraction) => fraction(checked(a.over * b.under), checked(a.under * b.over)),
  '%': modulo,
  '^': power,
} as const

/** The remainder has the sign of the divisor, as in mathematics. */
function modulo(a: Fraction, b: Fraction): Fraction {
  if (b.over === 0n) throw new ArithmeticFault('Nothing can be divided by zero.')
  const left = checked(a.over * b.under)
  const right = checked(b.over * a.under)
  return fraction(((left % right) + right) % right, checked(a.under * b.under))
}

function power(base: Fraction, exponent: Fraction): Fraction {
  if (exponent.under !== 1n) throw new ArithmeticFault('Only whole exponents are worked out here.')
  const times = exponent.over < 0n ? -exponent.over : exponent.over
  const isUnit = base.under === 1n && base.over >= -1n && base.over <= 1n
  // 1, 0 and -1 stay what they are, however large the exponent.
  const steps = isUnit && times > 2n ? 2n + (times % 2n) : times
  const bits = BigInt(Math.max(lengthBits(base.over), lengthBits(base.under)))
  if (!isUnit && bits * times > BITS_MAX + bits) throw tooLarge()
  const [over, under] = [base.over ** steps, base.under ** steps]
  return exponent.over < 0n ? fraction(under, over) : fraction(over, under)
}

/** Exact of squares, else to some decimals more than are written. */
export function squareRoot(value: Fraction): { readonly value: Fraction; readonly isExact: boolean } {
  if (value.over < 0n) throw new ArithmeticFault('The square root of a negative number is not real.')
  const [over, under] = [integerRoot(value.over), integerRoot(value.under)]
  if (over * over === value.over && under * under === value.under)
    return { value: fraction(over, under), isExact: true }
  const scale = 10n ** BigInt(DECIMALS + 6)
  return { value: fraction(integerRoot((value.over * scale * scale) / value.under), scale), isExact: false }
}

function integerRoot(value: bigint): bigint {
  if (value < 2n) return value
  let guess = 1n << BigInt(Math.ceil(lengthBits(value) / 2))
  for (;;) {
    const next = (guess + value / guess) >> 1n
    if (next >= guess) return guess
    guess = next
  }
}

function lengthBits(value: bigint): number {
  return (value < 0n ? -value : value).toString(16).length * 4
}

function checked(value: bigint): bigint {
  if (lengthBits(value) > BITS_MAX) throw tooLarge()
  return value
}

function tooLarge(): ArithmeticFault {
  return new ArithmeticFault(
    `The numbers grow beyond ${DIGITS_MAX} digits, which is more than is worked out here.`,
  )
}

/** Writes all digits of a number that ends, else twelve decimals, rounded, with a word before them. */
export function writeFraction({
  value,
  isExact,
}: {
  readonly value: Fraction
  readonly isExact: boolean
}): string {
  const sign = value.over < 0n ? '-' : ''
  const over = value.over < 0n ? -value.over : value.over
  const decimals = isExact ? endingDecimals(value.under) : null
  const places = decimals ?? DECIMALS
  const scale = 10n ** BigInt(places)
  const scaled = (over * scale * 2n + value.under) / (value.under * 2n)
  const digits = places === 0 ? '' : (scaled % scale).toString().padStart(places, '0')
  const kept = decimals === null ? digits.replace(/0+$/, '') : digits
  return `${decimals === null ? 'About ' : ''}${sign}${scaled / scale}${kept === '' ? '' : `.${kept}`}`
}

/** How many decimals a fraction with this denominator has. @returns null when they never end, or are too many to write */
function endingDecimals(under: bigint): number | null {
  let [rest, twos, fives] = [under, 0, 0]
  for (; rest % 2n === 0n; rest /= 2n) twos += 1
  for (; rest % 5n === 0n; rest /= 5n) fives += 1
  const places = Math.max(twos, fives)
  return rest === 1n && places <= 100 ? places : null
}
