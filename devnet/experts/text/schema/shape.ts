// A JSON schema, read as far as it is understood. What is not understood is passed by; nothing of it is ever run.

export type Schema = Readonly<Record<string, unknown>>

/** References that are followed one after the other. */
const HOPS_MAX = 16

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** Follows `$ref` within the document and takes `allOf` together. Anything that is no schema allows everything. */
export function resolveSchema(schema: unknown, root: Schema, hops = 0): Schema {
  if (!isSchema(schema) || hops > HOPS_MAX) return {}
  const { $ref, allOf, ...own } = schema
  let merged: Schema = own
  if (typeof $ref === 'string')
    merged = { ...resolveSchema(findReference($ref, root), root, hops + 1), ...own }
  for (const part of listOf(allOf)) merged = mergeSchemas(merged, resolveSchema(part, root, hops + 1))
  return merged
}

/** `#`, `#/$defs/person`, `#/properties/a/items`. */
function findReference(reference: string, root: Schema): unknown {
  if (!reference.startsWith('#')) return {}
  let found: unknown = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decodePart(part)
    if (Array.isArray(found)) found = found[Number(name)]
    else if (isSchema(found) && Object.hasOwn(found, name)) found = found[name]
    else return {}
  }
  return found
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part // Not percent-encoded after all.
  }
}

/** Both must hold: properties and required names of both, the narrower of the bounds. */
function mergeSchemas(a: Schema, b: Schema): Schema {
  const merged: Record<string, unknown> = { ...a, ...b }
  if (isSchema(a.properties) && isSchema(b.properties))
    merged.properties = { ...a.properties, ...b.properties }
  if (a.required !== undefined && b.required !== undefined)
    merged.required = [...new Set([...listOf(a.required), ...listOf(b.required)])]
  for (const bound of ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'])
    if (numberOf(a[bound]) !== null && numberOf(b[bound]) !== null)
      merged[bound] = Math.max(Number(a[bound]), Number(b[bound]))
  for (const bound of ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'])
    if (numberOf(a[bound]) !== null && numberOf(b[bound]) !== null)
      merged[bound] = Math.min(Number(a[bound]), Number(b[bound]))
  return merged
}

export type ValueType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null'

const TYPES: readonly string[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']

/** The types that a schema allows, in its order; told by its keywords when it does not say; empty when any will do. */
export function typesOf(schema: Schema): ValueType[] {
  const said = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter(
    (type): type is ValueType => typeof type === 'string' && TYPES.includes(type),
  )
  if (said.length > 0) return said
  const has = (...names: string[]) => names.some((name) => schema[name] !== undefined)
  if (has('properties', 'required', 'additionalProperties', 'minProperties')) return ['object']
  if (has('items', 'prefixItems', 'minItems', 'maxItems')) return ['array']
  if (has('pattern', 'format', 'minLength', 'maxLength')) return ['string']
  if (has('minimum', 'maximum', 'multipleOf', 'exclusiveMinimum', 'exclusiveMaximum')) return ['number']
  return []
}
