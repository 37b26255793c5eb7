/** The table of types in runtime metadata: each type once, by id. */

export type FieldDescription = { readonly name: string | null; readonly type: number }

export type VariantDescription = {
  readonly name: string
  readonly index: number
  readonly fields: readonly FieldDescription[]
}

/** `primitive` holds the names of scale-info's primitives. */
export type TypeDefinition =
  | { readonly kind: 'composite'; readonly fields: readonly FieldDescription[] }
  | { readonly kind: 'variant'; readonly variants: readonly VariantDescription[] }
  | { readonly kind: 'sequence'; readonly type: number }
  | { readonly kind: 'array'; readonly length: number; readonly type: number }
  | { readonly kind: 'tuple'; readonly types: readonly number[] }
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'compact'; readonly type: number }

export type PrimitiveName = 'Bool' | 'Str' | 'U8' | 'U16' | 'U32' | 'U64' | 'U128' | 'I128'

export type TypeDescription = {
  readonly path: readonly string[]
  readonly parameters: readonly { readonly name: string; readonly type: number }[]
  readonly definition: TypeDefinition
}

export class TypeTable {
  readonly #ids = new Map<string, number>()
  readonly #types: (TypeDescription | null)[] = []

  /** In order of id. */
  list(): TypeDescription[] {
    return this.#types.map((type) => {
      if (type === null) throw new Error('A type is still being described.')
      return type
    })
  }

  /** Adds a type under a key. The id is known while it is built, so that it may refer to itself. @returns its id */
  add(key: string, build: () => TypeDescription): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#types.length
    this.#ids.set(key, id)
    this.#types.push(null)
    this.#types[id] = build()
    return id
  }

  /** Adds a type that has no name of its own. */
  addPlain(key: string, definition: TypeDefinition): number {
    return this.add(key, () => ({ path: [], parameters: [], definition }))
  }
}
