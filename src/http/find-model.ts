/** From a model's name in a request to what serves it. */
import { GatewayError } from '../errors.ts'
import type { ExpertDirectory, ServedModel } from '../inference/experts.ts'
import type { Capability } from '../ports/capability.ts'

/** @throws GatewayError `model_not_found` unknown · `invalid_request` known, but for other work */
export function findModel(
  directory: ExpertDirectory,
  modelId: string,
  capabilities: readonly Capability[],
): ServedModel {
  const models = directory.find(modelId)
  if (models.length === 0) {
    throw new GatewayError(
      'model_not_found',
      `There is no model ${JSON.stringify(modelId.slice(0, 100))}. GET /v1/models lists them.`,
      {
        param: 'model',
      },
    )
  }
  const model = models.find((candidate) =>
    candidate.capabilities.some((capability) => capabilities.includes(capability)),
  )
  if (model) return model
  throw new GatewayError(
    'invalid_request',
    `The model ${modelId} cannot do this. It is for ${models[0]?.capabilities.join(', ')}.`,
    {
      param: 'model',
    },
  )
}
