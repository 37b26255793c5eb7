/** The API document at run time: request schemas of openapi.yaml, compiled on first use, with errors that name the deepest path. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { GatewayError } from '../errors.ts'
import type { components } from './generated/api.d.ts'

type Schemas = components['schemas']

/** Checks a value against a named schema of the document and says what it is. */
export interface Contract {
  /** @throws GatewayError `invalid_request` whose `param` is the deepest path that is wrong */
  check<Name extends keyof Schemas>(name: Name, value: unknown): Schemas[Name]
  /** Compiles the schemas that requests need, so that the first request does not wait for it. */
  warm(): void
}

/** Compiled ahead by `warm`. */
const REQUEST_SCHEMAS = [
  'CreateChatCompletionRequest',
  'CreateImageRequest',
  'CreateRunRequest',
  'CreateTranscriptionRequest',
  'CreateFileRequest',
] as const satisfies readonly (keyof Schemas)[]

/** Bounds on what is looked at to explain a refusal. */
const ERRORS_MAX = 200
const ELEMENTS_KEPT = 4

const DOCUMENT_ID = 'https://yumagate.invalid/openapi'

/** @param yamlText - the whole of openapi.yaml */
export function createContract(yamlText: string): Contract {
  const document = { $id: DOCUMENT_ID, ...parse(yamlText) }
  // Stops at the first error of each branch, so its work is bounded by the schema's own limits.
  const first = createCompiler(document, false)
  const every = createCompiler(document, true)
  return {
    check<Name extends keyof Schemas>(name: Name, value: unknown) {
      const validate = first(name)
      if (!validate(value)) throw invalidRequest(findErrors(validate.errors ?? [], value, every(name)), value)
      // The validator that has just passed was compiled from the schema that the type was generated from.
      return value as Schemas[Name]
    },
    warm() {
      for (const name of REQUEST_SCHEMAS) {
        first(name)
        every(name)
      }
    },
  }
}

function createCompiler(document: object, allErrors: boolean): (name: string) => ValidateFunction {
  // The document is ours, so its unknown keywords (`x-…`, `contentMediaType`) are no mistakes of a caller.
  const ajv = new Ajv2020({ strict: false, allErrors, validateFormats: false, inlineRefs: true })
  ajv.addSchema(document)
  const compiled = new Map<string, ValidateFunction>()
  return (name) => {
    let validate = compiled.get(name)
    if (!validate) {
      validate = ajv.compile({ $ref: `${DOCUMENT_ID}#/components/schemas/${name}` })
      compiled.set(name, validate)
    }
    return validate
  }
}

/**
 * All errors of the part of a value that was found wrong. The validator that looks for all errors does not stop at `maxItems`, so it gets a
 * copy whose arrays are short.
 *
 * @param first - of the validator that stops early
 */
function findErrors(
  first: readonly ErrorObject[],
  value: unknown,
  every: ValidateFunction,
): readonly ErrorObject[] {
  // A union looks at tags first, so this is the branch that the caller meant; and a shortened copy would not show it.
  const tooMany = first.find(({ keyword }) => keyword === 'maxItems')
  if (tooMany) return [tooMany]
  const shortened = shorten(value, first)
  if (every(shortened.value)) return first
  return (every.errors ?? [])
    .slice(0, ERRORS_MAX)
    .map((error) => ({ ...error, instancePath: shortened.restore(error.instancePath) }))
}

/** Copies a value with only those elements of its arrays that errors are in; of an array without any, the first few. */
function shorten(value: unknown, errors: readonly ErrorObject[]) {
  const failing = new Map<string, Set<number>>()
  for (const { instancePath } of errors) {
    for (const { parent, key } of walk(instancePath)) {
      if (/^\d+$/.test(key)) failing.set(parent, (failing.get(parent) ?? new Set()).add(Number(key)))
    }
  }
  /** Original indexes, by the array's path in the copy. */
  const kept = new Map<string, readonly number[]>()
  const copy = (from: unknown, path: string, copyPath: string): unknown => {
    if (Array.isArray(from)) {
      const wrong = failing.get(path)
      const indexes = wrong ? [...wrong].sort((a, b) => a - b) : [...from.slice(0, ELEMENTS_KEPT).keys()]
      kept.set(copyPath, indexes)
      return indexes.map((index, at) => copy(from[index], `${path}/${index}`, `${copyPath}/${at}`))
    }
    if (typeof from !== 'object' || from === null || Object.getPrototypeOf(from) !== Object.prototype)
      return from
    return Object.fromEntries(
      Object.entries(from).map(([key, member]) => {
        const step = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
        return [key, copy(member, path + step, copyPath + step)]
      }),
    )
  }
  const restore = (instancePath: string) =>
    walk(instancePath)
      .map(({ parent, key }) => `/${kept.get(parent)?.[Number(key)] ?? key}`)
      .join('')
  return { value: copy(value, '', ''), restore }
}

/** The steps of a JSON pointer, each with the path that it starts from. */
function walk(pointer: string): { readonly parent: string; readonly key: string }[] {
  let parent = ''
  return pointer
    .split('/')
    .slice(1)
    .map((key) => {
      const step = { parent, key }
      parent += `/${key}`
      return step
    })
}

/** Picks, of all that a validator found, the error that a caller can act on. */
function invalidRequest(errors: readonly ErrorObject[], value: unknown): GatewayError {
  const tagged = new Set(errors.filter(isTag).flatMap(branchesOf))
  const plain = errors.filter((error) => !isUnion(error) && !isOfOtherBranch(error, tagged))
  const beside = new Set(plain.filter((error) => !isTag(error)).flatMap(placesOf))
  const best =
    plain
      .filter((error) => !isTag(error) || !beside.has(objectOf(error)))
      .reduce<ErrorObject | null>(deeper, null) ?? errors[0]
  if (!best || value === undefined) return new GatewayError('invalid_request', 'The request is not valid.')
  const path = pathOf(best)
  const param = path === '' ? null : path
  return new GatewayError(
    'invalid_request',
    `${param ?? 'The body'}: ${sentenceOf(best)}.`,
    param === null ? {} : { param },
  )
}

/** A branch of a union said that its `role` or `type` is another one. */
const isTag = ({ keyword, instancePath }: ErrorObject) =>
  keyword === 'const' && /\/(role|type)$/.test(instancePath)

/** Path of the object whose tag that error is about, with a slash at the end. */
const objectOf = (tag: ErrorObject) => tag.instancePath.replace(/(role|type)$/, '')

/** Every object that an error is inside of. Where a tag's object is among them, a branch had the right tag, and that error says what is wrong. */
const placesOf = ({ instancePath }: ErrorObject) => prefixesOf(`${instancePath}/`)

/** Each branch that a wrong tag speaks for, at the object that it is about. */
const branchesOf = (tag: ErrorObject) =>
  prefixesOf(tag.schemaPath).map((branch) => `${branch} ${objectOf(tag)}`)

/** `a/b/` → `a/`, `a/b/` */
const prefixesOf = (path: string) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1))

const isUnion = ({ keyword }: ErrorObject) => keyword === 'oneOf' || keyword === 'anyOf' || keyword === 'if'

function deeper(best: ErrorObject | null, error: ErrorObject): ErrorObject {
  if (!best) return error
  return weight(error) > weight(best) ? error : best
}

/** Deeper paths first; at the same place, a wrong value says more than a wrong type or tag of one branch of a union. */
function weight(error: ErrorObject): number {
  const depth = pathOf(error).split('.').length * 10
  const kind = error.keyword === 'const' || error.keyword === 'enum' ? 2 : error.keyword === 'type' ? 1 : 3
  return depth + kind
}

/**
 * In a union of objects told apart by `role` or `type`, the branches whose tag does not match say nothing to the caller.
 * Such a branch is known by its own error on the tag.
 */
function isOfOtherBranch(error: ErrorObject, tagged: ReadonlySet<string>): boolean {
  if (isTag(error)) return false
  const branch =
    /^(.*\/(?:oneOf|anyOf)\/\d+\/)/.exec(error.schemaPath)?.[1] ??
    /^(.*\/components\/schemas\/\w+\/)/.exec(error.schemaPath)?.[1]
  return branch !== undefined && placesOf(error).some((place) => tagged.has(`${branch} ${place}`))
}

/** `/messages/0/content` → `messages.0.content`, with a missing or unknown member's name at the end. */
function pathOf(error: ErrorObject): string {
  const parts = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const params: Record<string, unknown> = error.params
  if (error.keyword === 'required' && typeof params.missingProperty === 'string')
    parts.push(params.missingProperty)
  if (error.keyword === 'additionalProperties' && typeof params.additionalProperty === 'string')
    parts.push(params.additionalProperty)
  return parts.join('.')
}

function sentenceOf(error: ErrorObject): string {
  const params: Record<string, unknown> = error.params
  switch (error.keyword) {
    case 'required':
      return 'is required'
    case 'additionalProperties':
      return 'is not a field of this object'
    case 'enum':
      return `must be one of ${JSON.stringify(params.allowedValues)}`
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}, or another kind that the API document names`
    default:
      return error.message ?? 'is not valid'
  }
}
