// The file beside the network that says what its numbers mean.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const schema = z.object({
  labels: z.array(z.string()).min(1),
  places: z.array(z.string()).min(1),
  times: z.array(z.string()).min(1),
  weathers: z.array(z.string()).min(1),
  /** The picture is scaled to about this many pixels squared. */
  side: z.number().int().min(64).max(640),
  /** Score = sigmoid(k0 + k1 logit(objectness) + k2 logit(class probability)). */
  calibration: z.tuple([z.number(), z.number(), z.number()]),
  /** Scores below are not reported. */
  threshold: z.number().min(0).max(1),
  /** Pictures with less flat area look like photographs; the network must be surer of what it sees on them. */
  textured: z.object({ flatnessBelow: z.number().min(0).max(1), threshold: z.number().min(0).max(1) }),
})

export type ModelDescription = z.infer<typeof schema>

/** Reads the description; @throws when the file is missing or of another form */
export async function readModelDescription(path: string): Promise<ModelDescription> {
  return schema.parse(JSON.parse(await readFile(path, 'utf8')))
}
