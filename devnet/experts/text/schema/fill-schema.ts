// A value that keeps to a JSON schema, filled from a text as far as the text says something.

import { type Filled, fillNumber, fillString, fitNumber } from './fill-scalar.ts'
import { findBullets, findTexts, splitItems } from './find-list.ts'
import { findBoolean, findChoice } from './find-number.ts'
import type { Property } from './find-text.ts'
import { isSchema, listOf, numberOf, resolveSchema, type Schema, typesOf, type ValueType } from './shape.ts'
import { createSource, type Source } from './source.ts'

/** Below this depth nothing is looked for, and what need not be there is left out. */
const DEPTH_FOUND_MAX = 10
const DEPTH_MAX = 40
/** Values of one answer. */
const VALUES_MAX = 3_000
const ITEMS_MAX = 100

interface Filling {
  readonly root: Schema
  left: number
}

interface Place {
  readonly property: Property
  readonly source: Source
  readonly depth: number
  readonly candidate?: string
  /** Whether the object around has no other number. */
  readonly isOnlyNumber?: boolean
}

/** @returns the value; it is valid against every schema of the kinds in MODEL_CARD.md */
export async function fillSchema(schema: unknown, source: Source, key = ''): Promise<Filled> {
  const root = isSchema(schema) ? schema : {}
  return fill(root, { property: { key, description: '' }, source, depth: 0 }, { root, left: VALUES_MAX })
}

async function fill(unread: unknown, place: Place, filling: Filling): Promise<Filled> {
  filling.left -= 1
  await place.source.pace.spend(2_000)
  if (filling.left < 0 || place.depth > DEPTH_MAX) return { value: null, isFound: false }
  const schema = resolveSchema(unread, filling.root)
  const here = {
    ...place,
    property: {
      key: place.property.key,
      description: textOf(schema.description) || place.property.description,
    },
  }
  if (schema.const !== undefined) return { value: schema.const, isFound: false }
  if (Array.isArray(schema.enum)) return fillChoice(schema, here)
  const branches = [...listOf(schema.anyOf), ...listOf(schema.oneOf)]
  if (branches.length > 0) return fillBranches(schema, { branches, place: here, filling })
  const types = typesOf(schema)
  return fillTypes(schema, types.length > 0 ? types : ['string'], { place: here, filling })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function fillChoice(schema: Schema, { source, candidate }: Place): Filled {
  const values = listOf(schema.enum)
  const found =
    candidate === undefined
      ? findChoice(values, source)
      : values.includes(candidate)
        ? { value: candidate }
        : findChoice(values, createSource(candidate, source))
  if (found) return { value: found.value, isFound: true }
  const isKnown = schema.default !== undefined && values.includes(schema.default)
  return {
    value: isKnown ? schema.default : values.includes(null) ? null : (values[0] ?? null),
    isFound: false,
  }
}

/** The first branch that the text fills, else null where it is allowed, else the first. */
async function fillBranches(
  schema: Schema,
  about: { readonly branches: readonly unknown[]; readonly place: Place; readonly filling: Filling },
): Promise<Filled> {
  const { anyOf: _any, oneOf: _one, ...base } = schema
  let first: Filled | null = null
  for (const branch of about.branches) {
    const whole = { ...base, ...resolveSchema(branch, about.filling.root) }
    const filled = await fill(whole, about.place, about.filling)
    if (filled.isFound) return filled
    const isNull = filled.value === null && typesOf(whole).includes('null')
    if (first === null || isNull) first = filled
  }
  return first ?? { value: null, isFound: false }
}

async function fillTypes(
  schema: Schema,
  types: readonly ValueType[],
  about: { readonly place: Place; readonly filling: Filling },
): Promise<Filled> {
  let first: Filled | null = null
  for (const type of types) {
    const filled = await fillType(schema, type, about)
    if (filled.isFound) return filled
    first ??= filled
  }
  return types.includes('null') ? { value: null, isFound: false } : (first ?? { value: null, isFound: false })
}

async function fillType(
  schema: Schema,
  type: ValueType,
  { place, filling }: { readonly place: Place; readonly filling: Filling },
): Promise<Filled> {
  const { property, source, candidate } = place
  switch (type) {
    case 'string':
      return fillString(schema, { property, source, ...(candidate === undefined ? {} : { candidate }) })
    case 'number':
    case 'integer': {
      const value = candidate === undefined || candidate.trim() === '' ? Number.NaN : Number(candidate)
      const own = candidate === undefined ? {} : { candidate: Number.isFinite(value) ? value : 0 }
      return fillNumber(schema, {
        property,
        source,
        isInteger: type === 'integer',
        isOnly: place.isOnlyNumber ?? false,
        ...own,
      })
    }
    case 'boolean': {
      const found = findBoolean(property, source)
      return found === null
        ? { value: schema.default === true, isFound: false }
        : { value: found, isFound: true }
    }
    case 'array':
      return fillArray(schema, place, filling)
    case 'object':
      return fillObject(schema, place, filling)
    case 'null':
      return { value: null, isFound: false }
  }
}

async function fillObject(schema: Schema, place: Place, filling: Filling): Promise<Filled> {
  const properties = isSchema(schema.properties) ? schema.properties : {}
  const required = listOf(schema.required).filter((name) => typeof name === 'string')
  const numberCount = Object.values(properties).filter((one) =>
    typesOf(resolveSchema(one, filling.root)).some((type) => type === 'number' || type === 'integer'),
  ).length
  const names = [...new Set([...Object.keys(properties), ...required])]
  const value: Record<string, unknown> = {}
  let isFound = false
  for (const name of names) {
    const isRequired = required.includes(name)
    if (!isRequired && (place.depth >= DEPTH_FOUND_MAX || filling.left < 100)) continue
    const own = Object.hasOwn(properties, name)
      ? properties[name]
      : isSchema(schema.additionalProperties)
        ? schema.additionalProperties
        : {}
    const inner = {
      property: { key: name, description: '' },
      source: place.source,
      depth: place.depth + 1,
      isOnlyNumber: numberCount === 1,
    }
    const filled = await fill(own, inner, filling)
    isFound ||= filled.isFound
    if (isRequired || filled.isFound) define(value, name, filled.value)
  }
  for (
    let extra = 1;
    Object.keys(value).length < Math.min(ITEMS_MAX, numberOf(schema.minProperties) ?? 0);
    extra += 1
  ) {
    const optional = names.find((name) => !Object.hasOwn(value, name))
    const name = optional ?? `property${extra}`
    const own = optional === undefined ? (schema.additionalProperties ?? {}) : properties[optional]
    define(
      value,
      name,
      (
        await fill(
          own,
          { ...place, property: { key: name, description: '' }, depth: place.depth + 1 },
          filling,
        )
      ).value,
    )
  }
  return { value, isFound }
}

/** `__proto__` is a name like any other. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

async function fillArray(schema: Schema, place: Place, filling: Filling): Promise<Filled> {
  const fixed = listOf(schema.prefixItems)
  const countMin = Math.min(ITEMS_MAX, numberOf(schema.minItems) ?? 0)
  const countMax = Math.min(ITEMS_MAX, numberOf(schema.maxItems) ?? ITEMS_MAX)
  const inner = { ...place, depth: place.depth + 1 }
  const values: unknown[] = []
  let isFound = false
  const add = (filled: Filled) => {
    const isDouble =
      schema.uniqueItems === true &&
      values.some((value) => JSON.stringify(value) === JSON.stringify(filled.value))
    if (!isDouble) values.push(filled.value)
    isFound ||= filled.isFound && !isDouble
    return !isDouble
  }
  for (const item of fixed.slice(0, countMax)) add(await fill(item, inner, filling))
  if (schema.items !== false && place.depth < DEPTH_FOUND_MAX) {
    for (const filled of await findItems(schema, {
      place: inner,
      filling,
      countMax: countMax - values.length,
    })) {
      if (values.length < countMax) add(filled)
    }
  }
  for (let tries = 0; values.length < countMin && tries < 3 * ITEMS_MAX; tries += 1) {
    const filled = await fill(schema.items ?? {}, inner, filling)
    if (!add(filled))
      add({ value: vary(filled.value, tries, resolveSchema(schema.items, filling.root)), isFound: false })
  }
  return { value: values, isFound }
}

/** What the text lists: values one by one, objects by sentence or line. */
async function findItems(
  schema: Schema,
  about: { readonly place: Place; readonly filling: Filling; readonly countMax: number },
): Promise<Filled[]> {
  const { place, filling } = about
  const item = resolveSchema(schema.items, filling.root)
  const types = typesOf(item)
  const found: Filled[] = []
  if (types.includes('object')) {
    for (const part of partsOf(place.source).slice(0, about.countMax)) {
      const filled = await fill(item, { ...place, source: createSource(part, place.source) }, filling)
      if (filled.isFound) found.push(filled)
    }
  } else if (types.includes('string') || Array.isArray(item.enum)) {
    for (const candidate of await findTexts(place.property.key, place.source, about.countMax)) {
      const filled = await fill(item, { ...place, candidate }, filling)
      if (filled.isFound) found.push(filled)
    }
  } else if (types.includes('integer') || types.includes('number')) {
    for (const { value } of place.source.numbers().slice(0, about.countMax)) {
      const filled = await fill(item, { ...place, candidate: String(value) }, filling)
      if (filled.isFound) found.push(filled)
    }
  }
  return found
}

/** Bullets, else sentences, else what is joined by "and". */
function partsOf(source: Source): string[] {
  const bullets = findBullets(source)
  if (bullets.length > 0) return bullets
  const sentences = source.text.split(/(?<=[.!?])\s+|\n+/).filter((part) => part.trim() !== '')
  return (sentences.length > 1 ? sentences : splitItems(source.text)).slice(0, ITEMS_MAX)
}

/** Another value of the same schema, for lists that hold nothing twice. */
function vary(value: unknown, tries: number, schema: Schema): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[tries % schema.enum.length]
  if (typeof value === 'number') {
    const isInteger = typesOf(schema).includes('integer')
    return fitNumber(value + (tries + 1) * (numberOf(schema.multipleOf) ?? 1), schema, isInteger)
  }
  if (typeof value === 'boolean') return !value
  const lengthMax = numberOf(schema.maxLength) ?? 100
  if (typeof value === 'string')
    return `${value.slice(0, Math.max(0, lengthMax - 4))}${tries + 1}`.slice(0, lengthMax)
  return value
}
