/** From a definition as it was handed in to a run that may start: checked, looked at, priced. Nothing is held or written here. */
import type { PriceBook } from '../../billing/price-book.ts'
import { GatewayError } from '../../errors.ts'
import type { ExpertDirectory } from '../../inference/experts.ts'
import { narrowDirectory, permitCapability } from '../../inference/permit.ts'
import type { KeyRules } from '../../ports/keys.ts'
import type { Media } from '../../ports/media.ts'
import type { Planner } from '../../ports/routing.ts'
import {
  atStep,
  RUN_TIMEOUT_MS_DEFAULT,
  type RunDefinition,
  readCap,
  readSteps,
  refuseLater,
  type Step,
} from '../language/definition.ts'
import type { Edges } from '../language/graph.ts'
import type { OutputFacts } from '../language/output-shapes.ts'
import type { RunPlan } from '../language/plan.ts'
import type { BodyCheck } from '../language/step-body.ts'
import { leastOf, splitHold } from './budget.ts'
import { CallerFiles, type PipelineFiles } from './caller-files.ts'
import { checkCap, checkInput, checkOutput, listReads, planLayers } from './check-graph.ts'
import { type CompiledStep, compileStep } from './compile-step.ts'

export type CompileOptions = {
  readonly contract: BodyCheck
  readonly planner: Planner
  readonly directory: ExpertDirectory
  readonly media: Media
  readonly files: PipelineFiles
  /** The run keeps the catalogue that is in force when it is accepted. */
  readonly prices: Pick<PriceBook, 'current' | 'find'>
}

export type CompileOrder = {
  readonly accountId: string
  /** What the key is restricted to; null when it is not. */
  readonly rules: KeyRules | null
  /** The body, as it was parsed. */
  readonly value: unknown
  /** A cap beside that of the definition; null without one. */
  readonly costMaxRao: bigint | null
  readonly fingerprint: string | null
  readonly signal: AbortSignal
}

export type CompiledRun = {
  readonly definition: RunDefinition
  readonly plan: RunPlan
  readonly priceVersion: string
}

/** A step with all that was found out about it. */
type Draft = Edges & CompiledStep & { readonly step: Step }

/**
 * Checks and prices a definition.
 *
 * @throws GatewayError `invalid_request` naming the field · `permission_denied` · `model_not_found` · `not_found` a file that is not there or not the caller's ·
 *   `invalid_audio`, `invalid_image` a file that cannot be decoded · `context_length_exceeded`
 */
export async function compile(order: CompileOrder, options: CompileOptions): Promise<CompiledRun> {
  refuseLater(order.value)
  const definition = options.contract.check('CreateRunRequest', order.value)
  const steps = readSteps(definition)
  for (const { use } of steps) if (use !== 'text.concat') permitCapability(order.rules, use)
  const directory = narrowDirectory(options.directory, order.rules)
  const edges = steps.map((step) => ({ id: step.id, reads: listReads(step, steps) }))
  const layers = planLayers(steps, edges, options.planner)
  const { accountId, signal } = order
  const files = new CallerFiles({ files: options.files, media: options.media, accountId, signal })
  await checkInput(definition, files)
  const prices = options.prices.current
  const factsByStep = new Map<string, OutputFacts>()
  const drafts: Draft[] = []
  for (const { step, id, reads } of inOrder(layers.flat(), steps, edges)) {
    const input = definition.input ?? {}
    const compiled = await compileStep(step, {
      ...options,
      directory,
      prices,
      files,
      input,
      factsByStep,
    }).catch((thrown) => {
      throw atStep(step, thrown)
    })
    factsByStep.set(id, compiled.price.facts)
    drafts.push({ step, id, reads, models: compiled.models, price: capPrice(step, compiled.price) })
  }
  checkOutput(definition, factsByStep)
  drafts.sort((first, second) => first.step.index - second.step.index)
  return {
    definition,
    priceVersion: prices.version,
    plan: {
      ...planSteps(drafts, lowerOf(readCap(definition.max_cost_rao, 'max_cost_rao'), order.costMaxRao)),
      layers,
      timeoutMs: definition.timeout_s === undefined ? RUN_TIMEOUT_MS_DEFAULT : definition.timeout_s * 1000,
      fingerprint: order.fingerprint,
    },
  }
}

/** @throws GatewayError `internal_error` the planner made up a step, `invalid_request` never */
function inOrder(order: readonly string[], steps: readonly Step[], edges: readonly Edges[]) {
  return order.map((id) => {
    const step = steps.find((candidate) => candidate.id === id)
    const reads = edges.find((edge) => edge.id === id)?.reads
    if (step && reads) return { step, id, reads }
    throw new GatewayError('internal_error', 'The steps could not be ordered.')
  })
}

/** The step's own cap bounds its worst case. @throws GatewayError `invalid_request` it cannot pay for the step */
function capPrice(step: Step, price: CompiledStep['price']): CompiledStep['price'] {
  const { costMaxRao } = step
  checkCap(costMaxRao, price.leastRao, `steps.${step.index}.max_cost_rao`)
  return costMaxRao !== null && costMaxRao < price.worstRao ? { ...price, worstRao: costMaxRao } : price
}

/** @throws GatewayError `invalid_request` the cap cannot pay for the steps */
function planSteps(drafts: readonly Draft[], capRao: bigint | null): Pick<RunPlan, 'steps' | 'holdRao'> {
  const bounds = drafts.map(({ price }) => price)
  checkCap(capRao, leastOf(bounds), 'max_cost_rao')
  const { holdRao, sharesRao } = splitHold(bounds, capRao)
  const steps = drafts.map(({ id, reads, models, price }, index) => ({
    id,
    reads,
    models: models.map((model) => model.id),
    facts: price.facts,
    outputTokensMax: price.outputTokensMax,
    worstRao: price.worstRao,
    budgetRao: sharesRao[index] ?? 0n,
  }))
  return { steps, holdRao }
}

function lowerOf(first: bigint | null, second: bigint | null): bigint | null {
  if (first === null || second === null) return first ?? second
  return first < second ? first : second
}
