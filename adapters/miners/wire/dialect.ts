/** What all dialects share: a place at the server, a request in the protocol's own form, the exchange, the answer. */
import type { Capability } from '../../../src/ports/capability.ts'
import type { Answer, Dialect, DialectName, MinerTarget, Work } from '../../../src/ports/miner.ts'
import { abortError, type OutgoingRequest } from './exchange.ts'
import { minerError } from './failure.ts'
import type { MinerLimits } from './limits.ts'
import { createOrigins, freeSlot, type Origin, type Place, takeSlot } from './origins.ts'
import { openStream } from './stream.ts'
import { readWhole } from './whole.ts'

/** What a dialect is made with. */
export type DialectSettings = {
  readonly limits: MinerLimits
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
}

/** One call, as a protocol sees it. */
export type Call = Place & {
  readonly target: MinerTarget
  readonly work: Work
  readonly timeoutMs: number
}

/** What makes a dialect: how a request is written and how a whole answer is read. Streams are OpenAI chunks in all of them. */
export type Protocol = {
  readonly name: DialectName
  readonly capabilities: readonly Capability[]
  /** Whether a base URL may name a host; miners of the chain are IP addresses in every dialect. */
  readonly allowsHostNames: boolean
  /** @throws GatewayError when the work cannot be said in this protocol */
  write(call: Call): OutgoingRequest | Promise<OutgoingRequest>
  /** @throws GatewayError `expert_bad_response` */
  read(work: Work, body: Buffer): Answer
}

/** Builds the port's `Dialect` out of a protocol. */
export function createDialect(protocol: Protocol, settings: DialectSettings): Dialect {
  const { limits, nowMs } = settings
  const origins = createOrigins(limits)
  return {
    name: protocol.name,
    capabilities: protocol.capabilities,
    async attempt(target, work, options) {
      const { timeoutMs, firstByteTimeoutMs, signal } = options
      if (signal.aborted) throw abortError(signal)
      const origin = findOrigin(target)
      const call = { target, work, origin, slot: takeSlot(origin, limits.inFlightMax), timeoutMs }
      const request = await writeOrFree(call, signal)
      const isStream = work.kind === 'chat' && work.stream
      const exchangeOptions = {
        timeoutMs,
        firstByteTimeoutMs,
        signal,
        nowMs,
        stallTimeoutMs: isStream ? limits.stallTimeoutMs : timeoutMs, // A whole answer may be thought over.
        bytesMax: isStream ? limits.streamBytesMax : wholeBytesMax(work, limits),
        lineBytesMax: limits.lineBytesMax,
      }
      if (isStream) return openStream(call, request, exchangeOptions)
      return protocol.read(work, await readWhole(call, request, exchangeOptions))
    },
    close: () => origins.close(),
  }

  function findOrigin(target: MinerTarget): Origin {
    const origin = origins.find(target.baseUrl)
    const mustBeLiteral = target.uid !== null || !protocol.allowsHostNames
    if (mustBeLiteral && !origin.isLiteral)
      throw minerError('unreachable', 'the address is not an IP address')
    return origin
  }

  async function writeOrFree(call: Call, signal: AbortSignal): Promise<OutgoingRequest> {
    try {
      const request = await protocol.write(call)
      if (signal.aborted) throw abortError(signal)
      return request
    } catch (error) {
      freeSlot(call)
      throw error
    }
  }
}

function wholeBytesMax(work: Work, limits: MinerLimits): number {
  return work.kind === 'image' ? limits.imageAnswerBytesMax : limits.answerBytesMax
}
