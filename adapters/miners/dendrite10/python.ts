/** Python's `str()` of plain values, which the body hash of dendrite v10 is made of. Checked against CPython 3.11. */

/** A Python value: `bigint` is an int, `number` a float, an array a list, an object a dict. */
export type PythonValue =
  | string
  | boolean
  | null
  | bigint
  | number
  | readonly PythonValue[]
  | { readonly [key: string]: PythonValue }

/** `str(value)`: a string is itself, everything else its `repr`. */
export function pythonStr(value: PythonValue): string {
  return typeof value === 'string' ? value : pythonRepr(value)
}

function pythonRepr(value: PythonValue): string {
  if (value === null) return 'None'
  switch (typeof value) {
    case 'string':
      return stringRepr(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'bigint':
      return value.toString()
    case 'number':
      return floatRepr(value)
    case 'object':
      if (isList(value)) return `[${value.map(pythonRepr).join(', ')}]`
      return `{${Object.entries(value)
        .map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`)
        .join(', ')}}`
  }
}

function isList(value: object): value is readonly PythonValue[] {
  return Array.isArray(value)
}

/** Single quotes, unless only that would need escaping; what is not printable (Unicode C and Z but the space) as an escape. */
function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\'"]|[^\P{C}]|[^\P{Z} ]/gu, (found) => {
    if (found === '\\') return '\\\\'
    if (found === "'" || found === '"') return found === quote ? `\\${found}` : found
    return escapeCodePoint(found.codePointAt(0) ?? 0)
  })
  return `${quote}${escaped}${quote}`
}

function escapeCodePoint(code: number): string {
  if (code === 0x0a) return '\\n'
  if (code === 0x0d) return '\\r'
  if (code === 0x09) return '\\t'
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** The shortest digits that read back as the same float, as in JavaScript; Python writes the exponent below 1e-4 and from 1e16. */
function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [mantissa = '', power = ''] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`
  const text = value.toString() // Without an exponent in this range.
  return text.includes('.') ? text : `${text}.0`
}
