/** Which models may serve a step. */
import type { PriceCatalogue } from '../../billing/prices.ts'
import { GatewayError } from '../../errors.ts'
import type { ExpertDirectory, ServedModel } from '../../inference/experts.ts'
import type { Capability } from '../../ports/capability.ts'
import type { Step } from '../language/definition.ts'

/**
 * The models that a step may be served by: those of the name it asks for, or all that can do it.
 *
 * @param takesPictures - whether there are pictures in a chat, which not every chat model takes
 * @throws GatewayError `model_not_found` · `invalid_request` known, but for other work
 */
export function findModels(
  directory: ExpertDirectory,
  step: Pick<Step, 'index' | 'use' | 'model'>,
  takesPictures: boolean,
): readonly ServedModel[] {
  const { use } = step
  if (use === 'text.concat') return []
  const param = `steps.${step.index}.model`
  const can = ({ capabilities }: ServedModel) => canServe(capabilities, use, takesPictures)
  if (step.model === null) {
    const models = directory.listFor(takesPictures ? 'image.recognize' : use).filter(can)
    if (models.length > 0) return models
    throw new GatewayError('model_not_found', `No model here can do ${use}.`, { param })
  }
  const named = directory.find(step.model)
  if (named.length === 0) {
    const name = JSON.stringify(step.model.slice(0, 100))
    throw new GatewayError('model_not_found', `There is no model ${name}. GET /v1/models lists them.`, {
      param,
    })
  }
  const models = named.filter(can)
  if (models.length > 0) return models
  const what = takesPictures ? `${use} with pictures` : use
  throw new GatewayError(
    'invalid_request',
    `${param}: the model ${step.model} cannot do ${what}. It is for ${named[0]?.capabilities.join(', ')}.`,
    { param },
  )
}

/**
 * The planned models that are still served and were priced when the run was accepted.
 *
 * @throws GatewayError `no_expert_available` there is none
 */
export function plannedModels(
  directory: ExpertDirectory,
  plan: { readonly models: readonly string[]; readonly facts: { readonly use: Step['use'] } },
  prices: PriceCatalogue,
): readonly ServedModel[] {
  const { use } = plan.facts
  const models = [...new Set(plan.models)]
    .flatMap((id) => directory.find(id))
    .filter(({ capabilities }) => use !== 'text.concat' && canServe(capabilities, use, false))
    .filter(({ listedId }) => prices.find(listedId) !== null)
  if (models.length > 0) return models
  throw new GatewayError('no_expert_available', 'None of the models of this step is served now.')
}

/** The work that a chat is for these models, as its receipt says. */
export function chatCapability(models: readonly ServedModel[]): 'chat' | 'image.recognize' {
  return models.every(({ capabilities }) => capabilities.includes('chat')) ? 'chat' : 'image.recognize'
}

/** A chat may go to a model of pictures, as on its endpoint; with pictures it must. */
function canServe(
  capabilities: readonly Capability[],
  use: Exclude<Step['use'], 'text.concat'>,
  takesPictures: boolean,
): boolean {
  if (takesPictures) return capabilities.includes('image.recognize')
  return capabilities.includes(use) || (use === 'chat' && capabilities.includes('image.recognize'))
}
