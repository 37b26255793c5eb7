/** The whole API in one place: reading it is knowing what is served. */
import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { getPathNoStrict } from 'hono/utils/url'
import type { AccountService } from '../billing/accounts.ts'
import { GatewayError } from '../errors.ts'
import type { Logger } from '../ports/logger.ts'
import type { Metrics } from '../ports/metrics.ts'
import { type AccountAppOptions, accountApp, receiptsApp } from './account.ts'
import { type AudioAppOptions, audioApp } from './audio.ts'
import { readBearer } from './authenticate.ts'
import { type ChatAppOptions, chatApp } from './chat.ts'
import { type FilesAppOptions, fileLinksApp, filesApp } from './files.ts'
import { type HealthAppOptions, healthApp } from './health.ts'
import type { HttpEnv } from './http-env.ts'
import { type ImagesAppOptions, imagesApp } from './images.ts'
import { createKeyDoor, type KeyDoorOptions } from './key-door.ts'
import { routeOf } from './metrics.ts'
import { type ModelsAppOptions, modelsApp } from './models.ts'
import { type PipelinesAppOptions, pipelinesApp } from './pipelines.ts'
import { replyError, replyPreflight } from './reply.ts'

export type AppOptions = {
  readonly accounts: Pick<AccountService, 'authenticate'>
  readonly log: Logger
  readonly keyDoor: KeyDoorOptions
  readonly chat: ChatAppOptions
  readonly audio: AudioAppOptions
  readonly images: ImagesAppOptions
  readonly files: FilesAppOptions
  readonly pipelines: PipelinesAppOptions
  readonly models: ModelsAppOptions
  readonly account: AccountAppOptions
  readonly health: HealthAppOptions
  readonly metrics: Pick<Metrics, 'answer'>
}

/** Of a client that left before there was an answer. */
const LEFT_STATUS = 499

/** Methods by path, for telling 405 from 404. */
const METHODS: readonly (readonly [path: RegExp, methods: string])[] = [
  [
    /^\/v1\/(models(\/.+)?|account|receipts(\/[^/]+)?|pipelines\/runs\/[^/]+(\/events)?|files\/[^/]+\/content)$/,
    'GET',
  ],
  [
    /^\/v1\/(chat\/completions|audio\/transcriptions|images\/generations|pipelines\/runs\/[^/]+\/cancel)$/,
    'POST',
  ],
  [/^\/v1\/(files|pipelines\/runs)$/, 'GET, POST'],
  [/^\/v1\/files\/[^/]+$/, 'GET, DELETE'],
  [/^\/(healthz|readyz)$/, 'GET'],
]

/** @returns the app; serve it with `serveApp` */
export function createApp(options: AppOptions) {
  const { log } = options
  const enter = createKeyDoor(options.keyDoor)
  const app = new Hono<HttpEnv>({ getPath: readPath })

  app.use(async (c, next) => {
    c.set('requestId', newRequestId())
    const startedMs = performance.now()
    await next()
    const { headersSent, statusCode } = c.env.outgoing
    options.metrics.answer({
      route: routeOf(c.req.path),
      status: headersSent ? statusCode : LEFT_STATUS,
      tookMs: performance.now() - startedMs,
    })
  })
  app.options('*', (c) => replyPreflight(c))
  app.route('/', healthApp(options.health))
  app.route('/v1/files', fileLinksApp(options.files))

  app.use('/v1/*', async (c, next) => {
    const principal = await options.accounts.authenticate(readBearer(c.env.incoming))
    c.set('principal', principal)
    const { rules, limitId } = principal.key
    if (rules !== null) await enter(c, rules, limitId)
    await next()
  })
  app.route('/v1/models', modelsApp(options.models))
  app.route('/v1/chat', chatApp(options.chat))
  app.route('/v1/audio', audioApp(options.audio))
  app.route('/v1/images', imagesApp(options.images))
  app.route('/v1/files', filesApp(options.files))
  app.route('/v1/pipelines', pipelinesApp(options.pipelines))
  app.route('/v1/account', accountApp(options.account))
  app.route('/v1/receipts', receiptsApp(options.account))

  app.notFound((c) => {
    const allowed = METHODS.find(([path]) => path.test(c.req.path.replace(/\/+$/, '')))?.[1]
    if (allowed) {
      return replyError(
        c,
        new GatewayError(
          'method_not_allowed',
          `This path does not take ${c.req.method}. It takes ${allowed}.`,
        ),
        { allow: allowed },
      )
    }
    return replyError(
      c,
      new GatewayError(
        'not_found',
        `There is nothing at ${c.req.path.slice(0, 200)}. See openapi.yaml for what there is.`,
      ),
    )
  })

  app.onError((thrown, c) => {
    const error = GatewayError.from(thrown)
    const facts = { requestId: c.var.requestId, code: error.code, path: c.req.path, err: error.cause }
    if (error.spec.blame === 'gateway') log.error(facts, error.message)
    else log.info(facts, error.message)
    return replyError(c, error)
  })
  return app
}

/** A base URL that ends in a slash makes two of them: taken for one, as most servers do; one at the end is taken for none. */
function readPath(request: Request): string {
  const path = getPathNoStrict(request)
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

const ID_POOL = { bytes: Buffer.alloc(0), used: 0 }

/** 128 random bits, drawn in large pieces, since each draw costs a call into the kernel. */
function newRequestId(): string {
  if (ID_POOL.used === ID_POOL.bytes.length) {
    ID_POOL.bytes = randomBytes(4096)
    ID_POOL.used = 0
  }
  ID_POOL.used += 16
  return `req_${ID_POOL.bytes.toString('hex', ID_POOL.used - 16, ID_POOL.used)}`
}
