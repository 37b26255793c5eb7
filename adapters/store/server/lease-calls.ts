/**
 * Calls between processes by NOTIFY, on a connection of the pool that listens. Through a pooler that passes no notifications on nobody is
 * heard: then leases go home when they are idle, and count as held until then.
 */
import type pg from 'pg'
import { z } from 'zod'
import type { LeaseCalls, LeaseKeeper } from '../../../src/ports/lease-calls.ts'
import { textOf } from '../columns.ts'
import type { Queryable } from '../database.ts'

const CHANNEL = 'yumagate_leases'

/** For an answer over one server; whoever is slower counts as not answering. */
const ANSWER_MS_MAX = 250
const LISTEN_AGAIN_MS = 1_000

const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('give-back'), from: z.string(), accountId: z.string() }),
  z.object({ kind: z.literal('ask'), from: z.string(), accountId: z.string() }),
  z.object({
    kind: z.literal('tell'),
    from: z.string(),
    to: z.string(),
    accountId: z.string(),
    reserved: z.array(z.tuple([z.string(), z.string()])),
  }),
])
type Message = z.infer<typeof message>

type Question = {
  readonly accountId: string
  /** Processes that have not answered. */
  readonly awaited: Set<string>
  readonly reserved: Map<string, bigint>
  readonly done: () => void
}

export type ServerLeaseCalls = LeaseCalls & {
  /** Gives the connection that listens back. */
  close(): void
}

export function openLeaseCalls(
  pool: pg.Pool,
  { database, processId }: { readonly database: Queryable; readonly processId: string },
): ServerLeaseCalls {
  let keeper: LeaseKeeper | null = null
  const questions = new Set<Question>()
  const send = (sent: Message) =>
    database.query(`select pg_notify('${CHANNEL}', $1)`, [JSON.stringify(sent)]).then(
      () => true,
      () => false,
    )
  const receive = (heard: Message): void => {
    if (heard.from === processId) return
    if (heard.kind === 'give-back') keeper?.giveBack(heard.accountId)
    else if (heard.kind === 'ask') {
      const reserved = [...(keeper?.readReserved(heard.accountId) ?? [])]
      void send({
        ...{ kind: 'tell', from: processId, to: heard.from, accountId: heard.accountId },
        reserved: reserved.map(([id, amountRao]) => [id, amountRao.toString()]),
      })
    } else if (heard.to === processId) {
      for (const question of questions) if (question.accountId === heard.accountId) note(question, heard)
    }
  }
  let line: { close(): void } | null = null
  /** Other processes with open leases of the account. */
  const findHolders = async (accountId: string): Promise<readonly string[]> => {
    const rows = await database
      .query(
        `select distinct h.process_id from yumagate.hold h join yumagate.account a on a.number = h.account_number
           where a.id = $1 and h.closed_at is null and h.is_lease and h.process_id <> $2`,
        [accountId, processId],
      )
      .catch(() => [])
    return rows.map((row) => textOf(row, 'process_id'))
  }

  return {
    serve(given) {
      keeper = given
      line ??= listen(pool, (text) => {
        const heard = message.safeParse(parse(text))
        if (heard.success) receive(heard.data)
      })
    },
    async callHome(accountId) {
      if ((await findHolders(accountId)).length === 0) return false
      return send({ kind: 'give-back', from: processId, accountId })
    },
    async askReserved(accountId) {
      const holders = await findHolders(accountId)
      if (holders.length === 0) return new Map()
      return await new Promise((resolve) => {
        const reserved = new Map<string, bigint>()
        const timer = setTimeout(() => done(), ANSWER_MS_MAX)
        const done = () => {
          clearTimeout(timer)
          questions.delete(question)
          resolve(reserved)
        }
        const question: Question = { accountId, awaited: new Set(holders), reserved, done }
        questions.add(question)
        void send({ kind: 'ask', from: processId, accountId }).then((isSent) => {
          if (!isSent) done()
        })
      })
    },
    close: () => line?.close(),
  }
}

function note({ awaited, reserved, done }: Question, told: Extract<Message, { kind: 'tell' }>): void {
  for (const [id, amountRao] of told.reserved) reserved.set(id, BigInt(amountRao))
  awaited.delete(told.from)
  if (awaited.size === 0) done()
}

/** Listens, and again after the connection was lost. */
function listen(pool: pg.Pool, hear: (text: string) => void): { close(): void } {
  let client: pg.PoolClient | null = null
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const again = (): void => {
    if (!isClosed) timer = setTimeout(() => void begin(), LISTEN_AGAIN_MS).unref()
  }
  /** Gives a broken connection back, once: the query on it and its event both tell of the same loss. */
  const lose = (lost: pg.PoolClient, error: Error): void => {
    if (client !== lost) return
    client = null
    lost.release(error)
    again()
  }
  const begin = async (): Promise<void> => {
    let own: pg.PoolClient
    try {
      own = await pool.connect()
    } catch {
      // Out of reach: the store says so itself.
      again()
      return
    }
    client = own
    if (isClosed) {
      close()
      return
    }
    own.on('notification', ({ payload }) => hear(payload ?? ''))
    own.on('error', (error) => lose(own, error))
    await own.query(`listen ${CHANNEL}`).catch((error: Error) => lose(own, error))
  }
  const close = (): void => {
    isClosed = true
    clearTimeout(timer)
    client?.release(true)
    client = null
  }
  void begin()
  return { close }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
