/** References in a definition: `{"$from": "/steps/stt/text"}`, `{"$text": [...]}` and `{"$file": "file-…"}`. Pure. */
import { invalid } from './invalid.ts'

/** Members that lead to a place in a JSON value. */
export type Path = readonly string[]

/** A value from the input, or out of the output of a step. */
export type From = {
  readonly kind: 'from'
  /** Null for the input. */
  readonly stepId: string | null
  /** Below `/input` or `/steps/<id>`. */
  readonly path: Path
  /** The pointer as it was written. */
  readonly pointer: string
  /** What stands in when there is nothing; null when nothing does. It is never read as a reference. */
  readonly fallback: { readonly value: unknown } | null
}

/** Texts joined. */
export type TextReference = { readonly kind: 'text'; readonly parts: readonly (string | From)[] }

/** A stored file of the caller. */
export type FileReference = { readonly kind: 'file'; readonly fileId: string }

export type Reference = From | TextReference | FileReference

const PARTS_MAX = 256
const POINTER_CHARACTERS_MAX = 512
const FILE_ID = /^file-[A-Za-z0-9_-]{1,120}$/

/**
 * Copies a value with every reference in it replaced.
 *
 * What takes a reference's place is not looked into again: a text that says `{"$from": …}` stays a text.
 *
 * @throws GatewayError `invalid_request` for a malformed reference, and whatever `replace` throws
 */
export function mapReferences(
  value: unknown,
  replace: (reference: Reference, path: Path) => unknown,
  path: Path = [],
): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => mapReferences(item, replace, [...path, String(index)]))
  }
  const reference = readReference(value, path)
  if (reference) return replace(reference, path)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, mapReferences(member, replace, [...path, name])]),
  )
}

/** Every `$from` in a value, also those inside of `$text`, with the place where it stands. @param base - where the value itself stands */
export function listReferences(
  value: unknown,
  base: Path = [],
): readonly { readonly from: From; readonly path: Path }[] {
  const found: { from: From; path: Path }[] = []
  const collect = (reference: Reference, path: Path) => {
    if (reference.kind === 'from') found.push({ from: reference, path })
    if (reference.kind === 'text') {
      for (const part of reference.parts) if (typeof part !== 'string') found.push({ from: part, path })
    }
    return null
  }
  mapReferences(value, collect, base)
  return found
}

/** The value at a path; undefined when there is none. Inherited members do not count. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value
  for (const name of path) {
    if (typeof here !== 'object' || here === null) return undefined
    if (Array.isArray(here) && !/^(0|[1-9][0-9]{0,9})$/.test(name)) return undefined
    if (!Object.hasOwn(here, name)) return undefined
    // Own member of an object, checked above; the compiler knows no members of `object`.
    here = (here as Readonly<Record<string, unknown>>)[name]
  }
  return here
}

/** Null when the object is none. Only these three names are ours: a JSON schema in a body may have `$ref` and `$defs`. */
function readReference(value: object, path: Path): Reference | null {
  if ('$from' in value) return readFrom(value, path)
  if ('$text' in value) return readText(value, path)
  if ('$file' in value) return readFile(value, path)
  return null
}

function readFrom(value: object, path: Path): From {
  refuseOthers(value, ['$from', 'default'], path)
  const pointer: unknown = '$from' in value ? value.$from : null
  const at = [...path, '$from'].join('.')
  if (typeof pointer !== 'string' || pointer.length > POINTER_CHARACTERS_MAX) {
    throw invalid(at, `must be a JSON pointer of at most ${POINTER_CHARACTERS_MAX} characters`)
  }
  const [root, ...rest] = parsePointer(pointer, at)
  const fallback = 'default' in value ? { value: value.default } : null
  if (root === 'input') return { kind: 'from', stepId: null, path: rest, pointer, fallback }
  const [stepId, ...below] = rest
  if (root === 'steps' && stepId !== undefined) {
    return { kind: 'from', stepId, path: below, pointer, fallback }
  }
  throw invalid(at, 'must begin with /input or /steps/<id>')
}

/** RFC 6901: `~1` is a slash, `~0` a tilde. */
function parsePointer(pointer: string, at: string): readonly string[] {
  if (!pointer.startsWith('/')) throw invalid(at, 'must be a JSON pointer, which begins with a slash')
  if (/~(?![01])/.test(pointer)) throw invalid(at, 'has a ~ that is followed by neither 0 nor 1')
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function readText(value: object, path: Path): TextReference {
  refuseOthers(value, ['$text'], path)
  const parts: unknown = '$text' in value ? value.$text : null
  const at = [...path, '$text']
  if (!Array.isArray(parts) || parts.length > PARTS_MAX) {
    throw invalid(at.join('.'), `must be a list of at most ${PARTS_MAX} texts and references`)
  }
  return {
    kind: 'text',
    parts: parts.map((part: unknown, index) => {
      if (typeof part === 'string') return part
      const where = [...at, String(index)]
      if (typeof part !== 'object' || part === null || !('$from' in part)) {
        throw invalid(where.join('.'), 'must be a text or a {"$from": …}')
      }
      return readFrom(part, where)
    }),
  }
}

function readFile(value: object, path: Path): FileReference {
  refuseOthers(value, ['$file'], path)
  const fileId: unknown = '$file' in value ? value.$file : null
  if (typeof fileId !== 'string' || !FILE_ID.test(fileId)) {
    throw invalid([...path, '$file'].join('.'), 'must be the id of a stored file, such as "file-0123abcd"')
  }
  return { kind: 'file', fileId }
}

function refuseOthers(value: object, allowed: readonly string[], path: Path): void {
  const other = Object.keys(value).find((name) => !allowed.includes(name))
  if (other !== undefined) {
    throw invalid([...path, other].join('.'), `cannot stand beside ${allowed[0]}`)
  }
}
