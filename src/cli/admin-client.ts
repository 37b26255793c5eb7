/** Asks a running gateway through its admin door. */
import { userInfo } from 'node:os'
import { request } from 'undici'
import type { RunFile } from './run-file.ts'

/** A command failed for a reason that its user can do something about: one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Funding waits for a finalised block. */
const TIMEOUT_MS = 120_000

/** @throws CommandError what the gateway answered, or that it does not answer */
export async function askAdmin(
  run: Pick<RunFile, 'admin'>,
  call: { readonly method: 'GET' | 'POST' | 'PATCH'; readonly path: string; readonly body?: object },
): Promise<Record<string, unknown>> {
  const answer = await request(`${run.admin.url}${call.path}`, {
    method: call.method,
    headers: {
      authorization: `Bearer ${run.admin.token}`,
      'content-type': 'application/json',
      'x-yumagate-actor': whoAmI(),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw new CommandError(
      `The gateway at ${run.admin.url} does not answer: ${cause instanceof Error ? cause.message : 'no connection'}`,
    )
  })
  // The gateway's own answers are JSON objects.
  const json = (await answer.body.json()) as Record<string, unknown> & { error?: { message?: string } }
  if (answer.statusCode >= 400)
    throw new CommandError(json.error?.message ?? `The gateway answered ${answer.statusCode}.`)
  return json
}

/** The bytes of an answer as they come. @throws CommandError also when it ends too early */
export async function* streamAdmin(run: Pick<RunFile, 'admin'>, path: string): AsyncIterable<Uint8Array> {
  const { statusCode, body } = await request(`${run.admin.url}${path}`, {
    headers: { authorization: `Bearer ${run.admin.token}` },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw new CommandError(
      `The gateway at ${run.admin.url} does not answer: ${cause instanceof Error ? cause.message : 'no connection'}`,
    )
  })
  if (statusCode !== 200) {
    await body.dump()
    throw new CommandError(`The gateway answered ${statusCode}.`)
  }
  try {
    // Node's streams of bytes give buffers.
    for await (const bytes of body) yield bytes as Buffer
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'connection lost'
    throw new CommandError(`The gateway broke off: ${why}. Its log says more.`)
  }
}

/** For the audit log: the user of this machine, as the operating system names it. */
function whoAmI(): string {
  try {
    return (
      userInfo()
        .username.replace(/[^\x21-\x7e]/g, '')
        .slice(0, 64) || 'unnamed'
    )
  } catch {
    // A container may run as a number without a name.
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
