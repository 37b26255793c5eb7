/** `GET /v1/models` and `/v1/models/{model}`. */
import { Hono } from 'hono'
import type { PriceCatalogue } from '../billing/prices.ts'
import { isPermitted, permitDirectory } from '../inference/permit.ts'
import type { Directory, ModelListing } from '../network/directory.ts'
import { CAPABILITIES } from '../ports/capability.ts'
import { findModel } from './find-model.ts'
import type { HttpEnv } from './http-env.ts'
import { replyJson } from './reply.ts'

export type ModelsAppOptions = {
  readonly directory: Directory
  readonly readPrices: () => PriceCatalogue
  /** Unix seconds that every model is said to be from: that of the configuration, so that it stays the same from call to call. */
  readonly createdS: number
}

export function modelsApp({ directory, readPrices, createdS }: ModelsAppOptions) {
  const show = ({ model, description }: ModelListing, id = model.id) => ({
    id,
    object: 'model',
    created: createdS,
    owned_by: model.expert.netuid === null ? model.expert.name : `subnet-${model.expert.netuid}`,
    description,
    capabilities: model.capabilities,
    context_window: model.contextTokensMax,
    max_output_tokens: model.outputTokensMax,
    netuid: model.expert.netuid,
    pricing: (readPrices().find(model.listedId) ?? []).map(({ meter, rao, per }) => ({
      meter,
      rao: rao.toString(),
      per: per.toString(),
    })),
  })
  return new Hono<HttpEnv>()
    .get('/', (c) => {
      const { rules } = c.var.principal.key
      const listings = directory.list().filter(({ model }) => isPermitted(rules, model))
      return replyJson(c, { object: 'list', data: listings.map((listing) => show(listing)) })
    })
    .get('/:model{.+}', (c) => {
      const id = c.req.param('model')
      const permitted = permitDirectory(directory, c.var.principal.key.rules)
      const model = findModel(permitted, id, CAPABILITIES)
      const description =
        directory.list().find((listing) => listing.model.listedId === model.listedId)?.description ?? ''
      return replyJson(c, show({ model, description }, id))
    })
}
