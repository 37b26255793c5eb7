/** One miner: a real HTTP server that lets callers in through its dialect's door and does its services' work. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Door, DoorRefusal, type Knock, type WorkKind } from './door.ts'
import { readFault } from './faults.ts'
import { readBody } from './read-body.ts'
import { replyStream, replyWhole } from './respond.ts'
import { type ChatService, ServiceFailure, type Services } from './service.ts'
import { readChatRequest, readImagesRequest, readJsonObject, readSpeechRequest } from './work-request.ts'

export type MinerOptions = {
  readonly door: Door
  readonly services: Services
  /** Models served, without fault prefixes; null serves any. */
  readonly models: readonly string[] | null
  /** Requests worked on at once; more are refused as busy. */
  readonly concurrencyMax: number
  /** Longest body. */
  readonly bodyBytesMax: number
  /** Waited before each answer, so that miners differ. */
  readonly delayMs: number
}

export type Miner = {
  readonly port: number
  /** Requests under way. */
  readonly inFlight: number
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** Starts a miner on a free port of 127.0.0.1. */
export async function startMiner(options: MinerOptions): Promise<Miner> {
  const desk = new Desk(options)
  const server = http.createServer((request, response) => {
    response.on('error', () => {}) // The caller has gone; `close` follows and ends the work.
    void desk.handle(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: portOf(server),
    get inFlight() {
      return desk.inFlight
    },
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

type Work = {
  readonly kind: WorkKind
  readonly body: Buffer
  readonly contentType: string
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

/** Takes requests one by one: door, work, answer. */
class Desk {
  readonly #options: MinerOptions
  inFlight = 0

  constructor(options: MinerOptions) {
    this.#options = options
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    try {
      const admitted = await this.#admit(request)
      if (this.inFlight >= this.#options.concurrencyMax) throw busy()
      this.inFlight += 1
      try {
        await this.#serve({ ...admitted, response, signal: gone.signal })
      } finally {
        this.inFlight -= 1
      }
    } catch (error) {
      if (!gone.signal.aborted) this.#refuse(response, error)
    }
  }

  async #admit(request: IncomingMessage) {
    const { door, bodyBytesMax } = this.#options
    const knock: Knock = {
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.headers,
    }
    const kind = door.find(knock.target)
    if (knock.method !== 'POST') throw new DoorRefusal(405, 'Only POST is answered here.')
    door.checkHead(knock)
    const body = await readBody(request, bodyBytesMax)
    door.checkBody(knock, body)
    return { kind, body: door.unwrap(body), contentType: request.headers['content-type'] ?? '' }
  }

  async #serve(work: Work): Promise<void> {
    const { services, delayMs } = this.#options
    if (delayMs > 0) await wait(delayMs, undefined, { signal: work.signal })
    if (work.kind === 'chat' && services.chat) return this.#chat(work, services.chat)
    const { response, signal } = work
    if (work.kind === 'speech' && services.speech) {
      const { fault, request } = this.#open(readSpeechRequest(work.contentType, work.body))
      await replyWhole({ response, fault, signal }, await services.speech.transcribe(request, signal))
    } else if (work.kind === 'images' && services.images) {
      const { fault, request } = this.#open(readImagesRequest(readJsonObject(work.body)))
      await replyWhole({ response, fault, signal }, await services.images.generate(request, signal))
    } else {
      throw new ServiceFailure(404, `This miner does no ${work.kind}.`)
    }
  }

  async #chat({ body, response, signal }: Work, service: ChatService): Promise<void> {
    const { request: asked, isStream } = readChatRequest(readJsonObject(body))
    const { fault, request } = this.#open(asked)
    const reply = { response, fault, signal }
    if (isStream) await replyStream(reply, service.stream(request, signal))
    else await replyWhole(reply, this.#options.door.wrap(await service.complete(request, signal)))
  }

  /** Takes the fault off the model's name. Faults that need no work are done at once. */
  #open<Request extends { readonly model: string }>(asked: Request) {
    const { fault, model } = readFault(asked.model)
    if (fault === 'fail') throw new ServiceFailure(500, 'The miner fails, as it was asked to.')
    if (fault === 'busy') throw busy()
    const { models } = this.#options
    if (models !== null && !models.includes(model)) {
      throw new ServiceFailure(404, `There is no model ${model.slice(0, 100)}.`, { code: 'model_not_found' })
    }
    return { fault, request: { ...asked, model } }
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy()
      return
    }
    const known = error instanceof ServiceFailure || error instanceof DoorRefusal ? error : null
    const status = known?.status ?? 500
    const retryAfter = error instanceof ServiceFailure ? error.retryAfterSeconds : null
    const text = this.#options.door.refuse({
      status,
      message: known?.message ?? 'The miner failed.',
      code: error instanceof ServiceFailure ? error.code : null,
    })
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfter === null ? {} : { 'retry-after': String(retryAfter) }),
      ...(status === 413 ? { connection: 'close' } : {}), // The rest of the body is not read.
    })
    response.end(text)
  }
}

function busy(): ServiceFailure {
  return new ServiceFailure(429, 'The miner is busy.', { retryAfterSeconds: 1 })
}

function portOf(server: http.Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('The miner does not listen on TCP.')
  return address.port
}
