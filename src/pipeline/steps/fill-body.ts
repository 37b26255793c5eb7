/** Fills a step's body with what earlier steps said, and reads the files that it names. */
import { GatewayError } from '../../errors.ts'
import { readDataUrl } from '../../inference/data-url.ts'
import type { InspectedImage } from '../../ports/media.ts'
import { atParam } from '../admission/caller-files.ts'
import { type FileUse, fillStep } from '../language/fill.ts'
import { describeSlot } from '../language/output-shapes.ts'
import { valueAt } from '../language/references.ts'
import { readStepBody, type StepBody } from '../language/step-body.ts'
import type { StepOrder, StepTools } from './step-order.ts'

export type FilledBody = {
  readonly read: StepBody
  readonly uses: readonly FileUse[]
  /** Measures a picture of the body. @param param - path of its field, relative to `with` @throws GatewayError `invalid_image` */
  measure(url: string, param: string): Promise<InspectedImage>
}

/** A recording never stands in a body: it is decoded from its file. */
const RECORDING_STAND_IN = 'recording'

/** @throws GatewayError with paths relative to `with`: `invalid_request` what was said does not fit · `not_found`, `invalid_image` a file */
export async function fillBody(order: StepOrder, tools: StepTools): Promise<FilledBody> {
  const uses: FileUse[] = []
  fill(order, (use) => {
    uses.push(use)
    return RECORDING_STAND_IN
  })
  const pictures = new Map<string, { readonly url: string; readonly picture: InspectedImage }>()
  for (const { fileId, param, kind } of uses) {
    if (kind === 'picture' && !pictures.has(fileId)) {
      pictures.set(fileId, await readPicture(fileId, order, tools).catch((thrown) => atParam(thrown, param)))
    }
  }
  const filled = fill(order, ({ fileId }) => pictures.get(fileId)?.url ?? RECORDING_STAND_IN)
  return {
    read: readStepBody(order.step, filled, tools.contract),
    uses,
    async measure(url, param) {
      const use = uses.find((candidate) => candidate.param === param)
      const known = use && pictures.get(use.fileId)?.picture
      if (known) return known
      const { signal } = order
      return await tools.media
        .inspectImage(readDataUrl(url, param), { signal })
        .catch((thrown) => atParam(thrown, param))
    },
  }
}

function fill(order: StepOrder, writeFile: (use: FileUse) => string): Record<string, unknown> {
  const { planned, outputs } = order
  const factsOf = (stepId: string) => planned.plan.steps.find(({ id }) => id === stepId)?.facts
  return fillStep(order.step, {
    slotOf: ({ stepId, path }) => {
      const facts = stepId === null ? undefined : factsOf(stepId)
      return facts ? describeSlot(facts, path) : null
    },
    resolve: ({ stepId, path }) =>
      valueAt(stepId === null ? (planned.definition.input ?? {}) : outputs.get(stepId), path),
    writeFile,
  })
}

async function readPicture(fileId: string, order: StepOrder, tools: StepTools) {
  const { bytes } = await tools.files.read(fileId, order.accountId)
  const picture = await tools.media.inspectImage(bytes, { signal: order.signal })
  return { picture, url: `data:${picture.mime};base64,${Buffer.from(bytes).toString('base64')}` }
}

/** The only recording of a step. @throws GatewayError `invalid_request` */
export function recordingOf(uses: readonly FileUse[]): string {
  const recording = uses.find(({ kind }) => kind === 'recording')
  if (recording) return recording.fileId
  throw new GatewayError('invalid_request', 'file: must be a stored recording.', { param: 'file' })
}
