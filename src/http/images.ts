/** `POST /v1/images/generations`. Pictures come back as base64, or as a file of the account when a URL is asked for. */
import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { ExpertDirectory, ServedModel } from '../inference/experts.ts'
import { type PaintedImage, type PaintOptions, paint } from '../inference/paint.ts'
import { readPaintOrder } from '../inference/paint-order.ts'
import { permitCapability, permitDirectory } from '../inference/permit.ts'
import type { StoredFile } from '../ports/store.ts'
import type { Contract } from './contract.ts'
import type { FileShelf } from './file-shelf.ts'
import { findModel } from './find-model.ts'
import { type HttpEnv, readCaller } from './http-env.ts'
import { paidHeaders } from './paid-headers.ts'
import { replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'
import type { RunningSignals } from './running-signals.ts'

export type ImagesAppOptions = {
  readonly contract: Contract
  readonly directory: ExpertDirectory
  readonly shelf: FileShelf
  readonly paint: Omit<PaintOptions, 'signal'>
  readonly jsonBytesMax: number
  readonly wallMs: () => number
  readonly signals: RunningSignals
}

export function imagesApp(options: ImagesAppOptions) {
  const { contract, shelf } = options
  return new Hono<HttpEnv>().post('/generations', async (c) => {
    const body = await readJsonBody(c.env.incoming, options.jsonBytesMax)
    const request = contract.check('CreateImageRequest', body.value)
    const { rules } = c.var.principal.key
    const directory = permitDirectory(options.directory, rules)
    permitCapability(rules, 'image.generate')
    const order = { ...readPaintOrder(request), model: readModel(directory, request.model ?? null) }
    const signal = options.signals.watch(c.env)
    const caller = readCaller(c)
    const stored: StoredFile[] = []
    const keep = async (pictures: readonly PaintedImage[]) => {
      for (const picture of pictures) stored.push(await shelf.put(caller.accountId, picture))
    }
    const { images, revisedPrompt, receipt, performed } = await paint(caller, order, {
      ...options.paint,
      signal,
      ...(request.response_format === 'url' && { beforeCharge: keep }),
    }).catch(async (error: unknown) => {
      for (const { id } of stored) await shelf.remove(id, caller.accountId)
      throw error
    })
    const host = c.env.incoming.headers.host
    const data = images.map(({ bytes }, index) => {
      const file = stored[index]
      return {
        ...(file ? { url: shelf.linkTo(file, host) } : { b64_json: Buffer.from(bytes).toString('base64') }),
        ...(revisedPrompt !== null && { revised_prompt: revisedPrompt }),
      }
    })
    return replyJson(
      c,
      {
        created: Math.floor(options.wallMs() / 1000),
        data,
        size: `${order.width}x${order.height}`,
        output_format: order.format,
        background: order.background === 'auto' ? 'opaque' : order.background,
        usage: { images: images.length, cost_rao: receipt.capturedRao.toString(), receipt_id: receipt.id },
      },
      { headers: paidHeaders(performed, receipt) },
    )
  })
}

function readModel(directory: ExpertDirectory, modelId: string | null): ServedModel {
  const only = directory.listFor('image.generate')[0]
  if (modelId !== null) return findModel(directory, modelId, ['image.generate'])
  if (only) return only
  throw new GatewayError('model_not_found', 'No model generates pictures here.', { param: 'model' })
}
