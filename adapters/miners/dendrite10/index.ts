/** Dendrite v10 → axon: a signed POST of a synapse (Python SDK ≤ 10). Protocol: README.md beside this file. */
import { randomUUID } from 'node:crypto'
import type { Signer } from '../../../src/ports/chain.ts'
import type { Answer, Dialect, Work } from '../../../src/ports/miner.ts'
import { isObject } from '../wire/chunk.ts'
import { createDialect, type DialectSettings } from '../wire/dialect.ts'
import { minerError } from '../wire/failure.ts'
import { createNonces } from '../wire/nonce.ts'
import { parseJson, readChat } from '../wire/openai-answer.ts'
import { SYNAPSE_NAME, writeSynapse } from './synapse.ts'

/** What dendrite v10 needs besides. */
export type DendriteSettings = DialectSettings & {
  readonly signer: Signer
  /** 0 ≤ x < 1, for nonces. */
  readonly random: () => number
  /** Our own address as miners should log it; `0.0.0.0` when it is not known. */
  readonly externalIp: string
}

/** Builds the dialect of axons that take the `ChatCompletion` synapse. */
export function createDendrite10Dialect(settings: DendriteSettings): Dialect {
  const { signer, externalIp } = settings
  const nextNonce = createNonces(settings.nowMs, settings.random)
  const sign = (message: Uint8Array) => signer.sign(message)
  // One uuid per concurrent call at a server: with a single one, calls that overtake each other look replayed, and a fresh one per call
  // would grow the miner's memory without end.
  const laneUuids: string[] = []
  const laneUuid = (slot: number): string => {
    laneUuids[slot] ??= randomUUID()
    return laneUuids[slot]
  }
  return createDialect(
    {
      name: 'dendrite10',
      capabilities: ['chat', 'image.recognize'],
      allowsHostNames: false,
      write({ target, work, origin, slot, timeoutMs }) {
        if (work.kind !== 'chat') throw minerError('not-found', `the synapse does not carry ${work.kind}`)
        const { headers, body } = writeSynapse(
          {
            request: work.body,
            timeoutMs,
            nonce: nextNonce().toString(),
            uuid: laneUuid(slot),
            hotkey: signer.hotkey,
            ip: externalIp,
            axon: { hotkey: target.hotkey, ip: origin.ip, port: origin.port },
          },
          sign,
        )
        return { path: `${origin.prefix}/${SYNAPSE_NAME}`, headers, body }
      },
      read: readSynapse,
    },
    settings,
  )
}

function readSynapse(_work: Work, body: Buffer): Answer {
  const synapse = parseJson(body.toString())
  const completion = isObject(synapse) ? synapse.completion : undefined
  return readChat(completion, JSON.stringify(completion))
}
