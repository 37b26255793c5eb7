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

const DOCUMENT_ID = 'https://yumagate.invalid/openapi'

/** @param yamlText - the whole of openapi.yaml */
export function createContract(yamlText: string): Contract {
  // The document is ours, so its unknown keywords (`x-…`, `contentMediaType`) are no mistakes of a caller.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, inlineRefs: true })
  ajv.addSchema({ $id: DOCUMENT_ID, ...parse(yamlText) })
  const compiled = new Map<string, ValidateFunction>()
  const validator = (name: string): ValidateFunction => {
    let validate = compiled.get(name)
    if (!validate) {
      validate = ajv.compile({ $ref: `${DOCUMENT_ID}#/components/schemas/${name}` })
      compiled.set(name, validate)
    }
    return validate
  }
  return {
    check<Name extends keyof Schemas>(name: Name, value: unknown) {
      const validate = validator(name)
      if (!validate(value)) throw invalidRequest(validate.errors ?? [], value)
      // The validator that has just passed was compiled from the schema that the type was generated from.
      return value as Schemas[Name]
    },
    warm() {
      for (const name of REQUEST_SCHEMAS) validator(name)
    },
  }
}

/** Picks, of all that a validator found, the error that a caller can act on. */
export function invalidRequest(errors: readonly ErrorObject[], value: unknown): GatewayError {
  const plain = errors.filter((error) => !isUnion(error) && !isOfOtherBranch(error, errors))
  const beyondTags = plain.filter((error) => !isTag(error))
  const isTagKnown = (error: ErrorObject) => beyondTags.some((other) => isBeside(other, error))
  const best =
    plain.filter((error) => !isTag(error) || !isTagKnown(error)).reduce<ErrorObject | null>(deeper, null) ??
    errors[0]
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

/** Whether an error is inside the object whose tag `tag` is about: then a branch had the right tag, and that error says what is wrong. */
const isBeside = (error: ErrorObject, tag: ErrorObject) =>
  `${error.instancePath}/`.startsWith(tag.instancePath.replace(/(role|type)$/, ''))

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
function isOfOtherBranch(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (isTag(error)) return false
  const branch =
    /^(.*\/(?:oneOf|anyOf)\/\d+)\//.exec(error.schemaPath)?.[1] ??
    /^(.*\/components\/schemas\/\w+)\//.exec(error.schemaPath)?.[1]
  return (
    branch !== undefined &&
    errors.some(
      (other) => isTag(other) && other.schemaPath.startsWith(`${branch}/`) && isBeside(error, other),
    )
  )
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
