/** Connections to miners: one pool per server, a bounded number of servers, a bounded number of calls at each. */
import { isIP } from 'node:net'
import { Pool } from 'undici'
import { minerError } from './failure.ts'
import type { MinerLimits } from './limits.ts'

/** One server and what is under way there. */
export type Origin = {
  readonly pool: Pool
  /** Path before the API's own, without a slash at its end: `` or `/v1`. */
  readonly prefix: string
  /** Whether the address is an IP address, so that no name is looked up. */
  readonly isLiteral: boolean
  readonly ip: string
  readonly port: string
  /** Slots given back, to be used again first, so that their numbers stay small. */
  readonly freeSlots: number[]
  slotCount: number
  usedAt: number
}

/** A place for one call at a server. */
export type Place = {
  readonly origin: Origin
  /** Small number that no other call at this server holds now. */
  readonly slot: number
}

/** The servers that calls go to now. */
export interface Origins {
  /**
   * Finds or opens the server of a base URL.
   *
   * @throws GatewayError `no_expert_available` when the URL is none of ours, or every place is taken by a server with calls under way
   */
  find(baseUrl: string): Origin
  /** Breaks off every call and closes every connection. */
  close(): Promise<void>
}

/** Opens the table of servers. Nothing is connected before the first call. */
export function createOrigins(limits: MinerLimits): Origins {
  const origins = new Map<string, Origin>()
  let uses = 0
  return {
    find(baseUrl) {
      let origin = origins.get(baseUrl)
      if (!origin) {
        if (origins.size >= limits.originsMax) closeOldest(origins)
        origin = open(baseUrl, limits)
        origins.set(baseUrl, origin)
      }
      uses += 1
      origin.usedAt = uses
      return origin
    },
    async close() {
      const pools = [...origins.values()].map((origin) => origin.pool)
      origins.clear()
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}

/**
 * Takes a slot for one call, until `freeSlot`.
 *
 * @throws GatewayError `no_expert_available` when `inFlightMax` calls are under way
 */
export function takeSlot(origin: Origin, inFlightMax: number): number {
  const free = origin.freeSlots.pop()
  if (free !== undefined) return free
  if (origin.slotCount >= inFlightMax) {
    throw minerError('busy', `${inFlightMax} calls are under way at this server`)
  }
  origin.slotCount += 1
  return origin.slotCount - 1
}

/** Gives a slot back. */
export function freeSlot({ origin, slot }: Place): void {
  origin.freeSlots.push(slot)
}

function open(baseUrl: string, limits: MinerLimits): Origin {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw minerError('unreachable', 'the base URL is not a plain http or https URL')
  }
  const ip = url.hostname.replace(/^\[|\]$/g, '')
  return {
    pool: new Pool(url.origin, {
      connections: null, // Bounded by the slots: a queue inside the pool would outlive a failed connection.
      pipelining: 1,
      connectTimeout: limits.connectTimeoutMs,
      headersTimeout: 0, // One timer of our own per call watches all phases.
      bodyTimeout: 0,
      maxHeaderSize: limits.headerBytesMax,
      keepAliveTimeout: 4_000, // Below the 5 s after which Node's servers close an idle connection.
      keepAliveMaxTimeout: 60_000,
      keepAliveTimeoutThreshold: 1_000,
      allowH2: false,
    }),
    prefix: url.pathname.replace(/\/+$/, ''),
    isLiteral: isIP(ip) !== 0,
    ip,
    port: url.port || (url.protocol === 'https:' ? '443' : '80'),
    freeSlots: [],
    slotCount: 0,
    usedAt: 0,
  }
}

function closeOldest(origins: Map<string, Origin>): void {
  let oldest: [string, Origin] | null = null
  for (const entry of origins) {
    const isIdle = entry[1].freeSlots.length === entry[1].slotCount
    if (isIdle && (!oldest || entry[1].usedAt < oldest[1].usedAt)) oldest = entry
  }
  if (!oldest) throw minerError('busy', 'every known server has calls under way')
  origins.delete(oldest[0])
  void oldest[1].pool.destroy() // Idle: nothing is broken off.
}
