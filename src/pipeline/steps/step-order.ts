/** What performing one step is given, and what comes of it. */
import type { Meter } from '../../billing/meter.ts'
import type { PriceCatalogue, Units } from '../../billing/prices.ts'
import type { ExpertDirectory, ServedModel } from '../../inference/experts.ts'
import type { Job, Performed, Performer } from '../../inference/perform.ts'
import type { Capability } from '../../ports/capability.ts'
import type { Receipt } from '../../ports/ledger.ts'
import type { Media } from '../../ports/media.ts'
import type { PipelineFiles } from '../admission/caller-files.ts'
import type { Step } from '../language/definition.ts'
import type { PlannedRun, StepPlan } from '../language/plan.ts'
import type { Outputs } from '../language/run-output.ts'
import type { BodyCheck } from '../language/step-body.ts'

/** What steps are performed with. */
export type StepTools = {
  readonly contract: BodyCheck
  readonly directory: ExpertDirectory
  readonly files: PipelineFiles
  readonly media: Media
  readonly meter: Meter
  readonly performer: Pick<Performer, 'perform'>
}

/** One try of one step. */
export type StepOrder = {
  readonly accountId: string
  readonly planned: PlannedRun
  readonly step: Step
  readonly plan: StepPlan
  /** Of the steps that have succeeded. */
  readonly outputs: Outputs
  /** The catalogue that the run was accepted under. */
  readonly prices: PriceCatalogue
  /** The most that it may be charged. */
  readonly budgetRao: bigint
  readonly signal: AbortSignal
  /** Called before each attempt at a miner. */
  readonly onAttempt: () => void
  /** Makes the receipt of what was delivered; nothing is charged by it yet. */
  readonly bill: (charge: StepCharge) => Receipt
}

export type StepCharge = {
  readonly performed: Performed
  readonly capability: Capability
  readonly units: Units
  readonly outputSha256: string
}

export type StepResult = {
  /** In the shape of its kind, see `describeSlot`. JSON. */
  readonly output: Readonly<Record<string, unknown>>
  /** Null for `text.concat`, which costs nothing. */
  readonly receipt: Receipt | null
  readonly performed: Performed | null
  /** A short look at the output for those who follow the run; no binary. */
  readonly preview: Readonly<Record<string, unknown>>
  /** Files that were stored for it, to be removed when the result is not taken. */
  readonly madeFileIds: readonly string[]
}

/** Finds a miner and gets its answer. @throws GatewayError as `Performer.perform` */
export function dispatch(
  order: StepOrder,
  tools: StepTools,
  job: Pick<Job, 'capability' | 'models' | 'priceRao' | 'work'>,
): Promise<Performed> {
  return tools.performer.perform({
    accountId: order.accountId,
    isBatch: true,
    ...job,
    work: (model: ServedModel) => {
      order.onAttempt()
      return job.work(model)
    },
    signal: order.signal,
  })
}

/** Characters of a text that a look shows. */
const PREVIEW_CHARACTERS = 200

export const previewText = (text: string): string =>
  text.length > PREVIEW_CHARACTERS ? `${text.slice(0, PREVIEW_CHARACTERS)}…` : text
