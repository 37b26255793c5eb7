// The file of drawings that the composer ships with.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { IconSet } from './scene/icons.ts'

const schema = z.object({
  /** Whose drawings they are; the licence lies beside the file. */
  credit: z.string(),
  icons: z.array(
    z.object({
      name: z.string(),
      body: z.string(),
      box: z.object({
        x: z.number(),
        y: z.number(),
        width: z.number().positive(),
        height: z.number().positive(),
      }),
    }),
  ),
})

/** Reads the drawings; @throws when the file is missing or of another form */
export async function readIconFile(path: string): Promise<IconSet> {
  const { icons } = schema.parse(JSON.parse(await readFile(path, 'utf8')))
  return new Map(icons.map((icon) => [icon.name, icon]))
}
