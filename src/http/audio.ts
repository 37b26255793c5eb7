/** `POST /v1/audio/transcriptions`: reads the form, decodes, calls `transcribe`, writes the form asked for. */
import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { ExpertDirectory } from '../inference/experts.ts'
import type { PayOptions } from '../inference/pay.ts'
import type { Performer } from '../inference/perform.ts'
import { permitCapability, permitDirectory } from '../inference/permit.ts'
import { transcribe } from '../inference/transcribe.ts'
import type { Media } from '../ports/media.ts'
import type { Contract } from './contract.ts'
import { findModel } from './find-model.ts'
import { type HttpEnv, readCaller } from './http-env.ts'
import { type Form, readForm } from './multipart.ts'
import { paidHeaders } from './paid-headers.ts'
import { replyBytes } from './reply.ts'
import type { RunningSignals } from './running-signals.ts'
import { type TranscriptFormat, writeTranscript } from './transcript-formats.ts'

export type AudioAppOptions = {
  readonly contract: Contract
  readonly directory: ExpertDirectory
  readonly media: Media
  readonly pay: PayOptions
  readonly performer: Performer
  readonly uploadBytesMax: number
  readonly signals: RunningSignals
}

export function audioApp(options: AudioAppOptions) {
  const { contract, media } = options
  return new Hono<HttpEnv>().post('/transcriptions', async (c) => {
    const form = await readForm(c.env.incoming, options.uploadBytesMax)
    const fields = contract.check('CreateTranscriptionRequest', readFields(form))
    if (!form.file || form.file.bytes.length === 0) {
      throw new GatewayError('invalid_audio', 'The file is empty. Send a recording in the form field file.', {
        param: 'file',
      })
    }
    const { rules } = c.var.principal.key
    const directory = permitDirectory(options.directory, rules)
    const model = findModel(directory, fields.model, ['audio.transcribe'])
    permitCapability(rules, 'audio.transcribe')
    const signal = options.signals.watch(c.env)
    const { wav, durationSeconds } = await media.decodeAudio(form.file.bytes, { signal }).catch(atFile)
    const order = {
      model,
      wav,
      durationSeconds,
      language: fields.language ?? null,
      prompt: fields.prompt ?? null,
      temperature: fields.temperature ?? null,
    }
    const { answer, receipt, performed } = await transcribe(readCaller(c), order, {
      ...options.pay,
      performer: options.performer,
      signal,
    })
    const format: TranscriptFormat = fields.response_format ?? 'json'
    const { body, type } = writeTranscript(answer, format, {
      durationSeconds,
      granularities: fields['timestamp_granularities[]'] ?? [],
      usage: {
        type: 'duration',
        seconds: Math.ceil(durationSeconds),
        cost_rao: receipt.capturedRao.toString(),
        receipt_id: receipt.id,
      },
    })
    return replyBytes(c, body, { type, headers: paidHeaders(performed, receipt) })
  })
}

/** Form values as the document types them. Numbers that are none stay text, so that the check refuses them. */
function readFields({ fields, file }: Form): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, texts] of fields) {
    const last = texts.at(-1)
    // An empty field is what many clients send for one that is not set.
    if (last === undefined || last === '') continue
    values[name] = last
  }
  if (file) values.file = file.fileName
  if (typeof values.temperature === 'string' && /^[0-9.]+$/.test(values.temperature))
    values.temperature = Number(values.temperature)
  const granularities = [
    ...(fields.get('timestamp_granularities[]') ?? []),
    ...(fields.get('timestamp_granularities') ?? []),
  ]
  delete values.timestamp_granularities
  if (granularities.length > 0) values['timestamp_granularities[]'] = [...new Set(granularities)]
  return values
}

function atFile(thrown: unknown): never {
  if (thrown instanceof GatewayError && thrown.code === 'invalid_audio') {
    throw new GatewayError('invalid_audio', thrown.message, { param: 'file', cause: thrown })
  }
  throw thrown
}
