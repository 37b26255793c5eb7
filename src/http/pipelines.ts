/** `/v1/pipelines/runs`: hands in jobs of several steps, shows, follows and cancels them. */
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Pipelines } from '../pipeline/pipelines.ts'
import { estimateToJson, runToJson } from '../pipeline/run-json.ts'
import type { Run, RunEvent } from '../ports/runs.ts'
import { readLimit } from './account.ts'
import { type HttpEnv, readCaller } from './http-env.ts'
import { EventStream, errorBody, replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'
import type { RunningSignals } from './running-signals.ts'

export type PipelinesAppOptions = {
  readonly pipelines: Pipelines
  readonly signals: RunningSignals
  /** Silence on a stream of events is broken by a comment after so long, before proxies take it for dead. Default 15 s. */
  readonly pingMs?: number
}

/** A definition is data about work, not the work: files are uploaded. */
const DEFINITION_BYTES_MAX = 256 * 1024

const WAIT_S_MAX = 120
const PING_MS = 15_000

export function pipelinesApp(options: PipelinesAppOptions) {
  const { pipelines, signals } = options
  return new Hono<HttpEnv>()
    .post('/runs', async (c) => {
      const { text, value } = await readJsonBody(c.env.incoming, DEFINITION_BYTES_MAX)
      const waitMs = readWait(c)
      const signal = signals.watch(c.env)
      const outcome = await pipelines.create(readCaller(c), {
        value,
        idempotency: readIdempotency(c, text),
        signal,
      })
      if (outcome.kind === 'estimate') return replyJson(c, estimateToJson(outcome.compiled))
      const run = waitMs > 0 ? await pipelines.wait(outcome.run, { waitMs, signal }) : outcome.run
      return replyJson(c, runToJson(run, { outputs: true }), {
        status: run.endedAt === null ? 202 : 200,
        headers: {
          location: `/v1/pipelines/runs/${run.id}`,
          ...(outcome.kind === 'replayed' && { 'idempotent-replayed': 'true' }),
          ...(waitMs > 0 && { 'preference-applied': `wait=${waitMs / 1000}` }),
        },
      })
    })
    .get('/runs', async (c) => {
      const limit = readLimit(c.req.query('limit'))
      const after = c.req.query('after') ?? null
      // One more than asked for tells whether there are more.
      const runs = await pipelines.list(c.var.principal.account.id, { limit: limit + 1, after })
      return replyJson(c, {
        object: 'list',
        data: runs.slice(0, limit).map((run) => runToJson(run, { outputs: false })),
        has_more: runs.length > limit,
      })
    })
    .get('/runs/:run', async (c) => replyRun(c, await pipelines.find(c.req.param('run'), accountOf(c))))
    .post('/runs/:run/cancel', async (c) =>
      replyRun(c, await pipelines.cancel(c.req.param('run'), accountOf(c))),
    )
    .get('/runs/:run/events', async (c) => {
      const run = await pipelines.find(c.req.param('run'), accountOf(c))
      const after = readAfter(c)
      const signal = signals.follow(c.env)
      const events = pipelines.events(run.id, { after, signal })
      return await writeEvents(EventStream.open(c), events, {
        runId: run.id,
        pingMs: options.pingMs ?? PING_MS,
      })
    })
}

const accountOf = (c: Context<HttpEnv>): string => c.var.principal.account.id

const replyRun = (c: Context<HttpEnv>, run: Run): Response => replyJson(c, runToJson(run, { outputs: true }))

/** `?wait=30`, or `Prefer: wait=30` (RFC 7240). @returns milliseconds @throws GatewayError `invalid_request` */
function readWait(c: Context<HttpEnv>): number {
  const preferred = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(c.req.header('prefer') ?? '')?.[1]
  const text = c.req.query('wait') ?? preferred ?? '0'
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : -1
  // A preference may be met in part; a parameter is meant as it stands.
  if (c.req.query('wait') === undefined) return Math.min(seconds, WAIT_S_MAX) * 1000
  if (seconds >= 0 && seconds <= WAIT_S_MAX) return seconds * 1000
  throw new GatewayError('invalid_request', `wait: must be a number of seconds from 0 to ${WAIT_S_MAX}.`, {
    param: 'wait',
  })
}

/** @throws GatewayError `invalid_request` a key of another form */
function readIdempotency(c: Context<HttpEnv>, text: string) {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return null
  if (/^[\x20-\x7e]{1,255}$/.test(key)) {
    return { key, fingerprint: createHash('sha256').update(text).digest('hex') }
  }
  throw new GatewayError('invalid_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters.', {
    param: 'Idempotency-Key',
  })
}

/** Where a reader left off: what its browser says by itself goes before what the link said. @throws GatewayError `invalid_request` */
function readAfter(c: Context<HttpEnv>): number {
  const text = c.req.header('last-event-id') ?? c.req.query('after') ?? '0'
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const param = c.req.header('last-event-id') === undefined ? 'after' : 'Last-Event-ID'
  throw new GatewayError('invalid_request', `${param}: must be the number of an event.`, { param })
}

async function writeEvents(
  stream: EventStream,
  events: AsyncIterable<RunEvent>,
  { runId, pingMs }: { readonly runId: string; readonly pingMs: number },
): Promise<Response> {
  const ping = setInterval(() => stream.write(': ping\n\n'), pingMs)
  try {
    for await (const event of events) await stream.write(writeEvent(runId, event))
  } catch (thrown) {
    // The status has left: the error goes in band. It has no id, so that a reader that comes back misses nothing.
    stream.write(`event: error\ndata: ${JSON.stringify(errorBody(GatewayError.from(thrown)))}\n\n`)
  } finally {
    clearInterval(ping)
  }
  return stream.end()
}

function writeEvent(runId: string, { sequence, type, stepId, at, data }: RunEvent): string {
  const body = {
    type,
    sequence_number: sequence,
    run_id: runId,
    ...(stepId !== null && { step_id: stepId }),
    at,
    ...data,
  }
  return `id: ${sequence}\nevent: ${type}\ndata: ${JSON.stringify(body)}\n\n`
}
