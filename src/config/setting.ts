/** What one row of the table of settings is made of. */
import { z } from 'zod'

export const PATH = z.string().min(1).max(4096)

/** Whole numbers from `least` to `most`. */
export const integer = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

/** How a setting is read, what it is when not given, and why. A default of null means that it is absent. */
export type Setting = {
  readonly schema: z.ZodType
  readonly default: string | null
  readonly reason: string
  /** Its value is never printed, or is a URL that is printed without its password. It may come from a file: `NAME_FILE`. */
  readonly secret?: 'whole' | 'url'
}
