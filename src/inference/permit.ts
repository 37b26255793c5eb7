/** What a restricted key may ask for. Keys without restrictions pay nothing for this. */
import { GatewayError } from '../errors.ts'
import type { Capability } from '../ports/capability.ts'
import type { KeyRules } from '../ports/keys.ts'
import type { ExpertDirectory, ServedModel } from './experts.ts'

/** @throws GatewayError `permission_denied` */
export function permitCapability(rules: KeyRules | null, capability: Capability): void {
  if (!rules?.capabilities || rules.capabilities.includes(capability)) return
  throw new GatewayError(
    'permission_denied',
    `This API key may not do ${capability}. It may do ${rules.capabilities.join(', ')}.`,
  )
}

/** Whether a key may use a model for anything. */
export function isPermitted(rules: KeyRules | null, { listedId, capabilities }: ServedModel): boolean {
  if (rules === null) return true
  const allowed = rules.capabilities
  return (
    (rules.models === null || rules.models.includes(listedId)) &&
    (allowed === null || capabilities.some((capability) => allowed.includes(capability)))
  )
}

/** The directory as a key may see it. Finding a model that the key may not use throws GatewayError `permission_denied`. */
export function permitDirectory(directory: ExpertDirectory, rules: KeyRules | null): ExpertDirectory {
  if (!rules?.models && !rules?.capabilities) return directory
  return {
    find(modelId) {
      const models = directory.find(modelId)
      const permitted = models.filter((model) => isPermitted(rules, model))
      if (models.length === 0 || permitted.length > 0) return permitted
      throw new GatewayError(
        'permission_denied',
        `This API key may not use the model ${JSON.stringify(modelId.slice(0, 100))}. GET /v1/models lists those it may.`,
        { param: 'model' },
      )
    },
    listFor: (capability) => directory.listFor(capability).filter((model) => isPermitted(rules, model)),
    readMiners: (expertName) => directory.readMiners(expertName),
    explain: (expertName) => directory.explain(expertName),
  }
}

/** As `permitDirectory`, with each model for no other work than the key may do: for steps, whose work is known by their models. */
export function narrowDirectory(directory: ExpertDirectory, rules: KeyRules | null): ExpertDirectory {
  const permitted = permitDirectory(directory, rules)
  const allowed = rules?.capabilities
  if (!allowed) return permitted
  const narrow = (model: ServedModel): ServedModel => ({
    ...model,
    capabilities: model.capabilities.filter((capability) => allowed.includes(capability)),
  })
  return {
    find: (modelId) => permitted.find(modelId).map(narrow),
    listFor: (capability) => (allowed.includes(capability) ? permitted.listFor(capability).map(narrow) : []),
    readMiners: (expertName) => permitted.readMiners(expertName),
    explain: (expertName) => permitted.explain(expertName),
  }
}
