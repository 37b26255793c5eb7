/** What every keeper of heartbeats and leases promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Fleet, Leases } from '../../src/ports/fleet.ts'
import type { DepositCursor, LedgerBatch } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { holdRequest, newCustomer, unique } from './money.ts'

const MINUTE_MS = 60_000

export function fleetContract(name: string, { make, processId }: StoreContract): void {
  describe(`fleet: ${name}`, () => {
    let store: Store
    let fleet: Fleet
    beforeAll(async () => {
      store = await make()
      fleet = store.fleet
    })

    /** A process that beats. */
    const join = async (role: 'gateway' | 'worker' = 'gateway') => {
      const id = `process-${unique()}`
      return { id, living: await fleet.beat({ id, role }) }
    }
    const sweep = (sweeperId: string, more: { deadAfterMs?: number; steadyForMs?: number } = {}) =>
      fleet.sweepDead({ processId: sweeperId, deadAfterMs: MINUTE_MS, steadyForMs: 0, ...more })
    /** A customer with a hold and a claimed step of the store's own process, whether or not that one lives. */
    const leaveBehind = async (claimerId = processId) => {
      const customer = await newCustomer(store, 1000n)
      const holds = [holdRequest(customer, 300n)]
      const batch: LedgerBatch = { holds, settlements: [], voids: [], captures: [] }
      await store.ledger.commit(batch)
      const runId = `run_${unique()}`
      const { accountId, keyId } = customer
      await store.runs.create({
        ...{ id: runId, accountId, keyId, definition: {}, priceVersion: '1', holdRao: 100n },
        ...{ timeoutMs: MINUTE_MS, events: [], idempotency: null },
        steps: [{ id: 'say', use: 'chat', ready: true }],
      })
      const lease = { processId: claimerId, leaseMs: MINUTE_MS, announce: () => [] }
      await store.runs.claim(runId, 'say', lease)
      return {
        heldRao: async () => (await store.ledger.readBalance(accountId)).heldRao,
        stepStatus: async () => (await store.runs.find(runId, null))?.steps[0]?.status,
      }
    }

    it('who beats lives, with its role, until it leaves', async () => {
      const { id, living } = await join('worker')
      const other = await join()
      expect(living).toContainEqual({ id, role: 'worker' })
      expect(other.living).toContainEqual({ id, role: 'worker' })
      expect(other.living).toContainEqual({ id: other.id, role: 'gateway' })
      await fleet.leave(id)
      expect(await fleet.beat({ id: other.id, role: 'gateway' })).not.toContainEqual({ id, role: 'worker' })
      await fleet.leave(other.id)
    })

    it('holds and claims of a process without a heartbeat are taken back, those of runs are not', async () => {
      const { id } = await join()
      const behind = await leaveBehind()
      expect(await behind.heldRao()).toBe(400n)
      const swept = await sweep(id)
      expect(swept.holds).toBeGreaterThanOrEqual(1)
      expect(swept.steps).toBeGreaterThanOrEqual(1)
      expect(await behind.heldRao()).toBe(100n)
      expect(await behind.stepStatus()).toBe('ready')
      expect(await sweep(id)).toEqual({ holds: 0, steps: 0 })
      await fleet.leave(id)
    })

    it('those of a process that lives are left alone, also when two sweep at once', async () => {
      const { id } = await join()
      await fleet.beat({ id: processId, role: 'gateway' })
      const behind = await leaveBehind()
      await Promise.all([sweep(id), sweep(id), sweep(processId)])
      expect(await behind.heldRao()).toBe(400n)
      expect(await behind.stepStatus()).toBe('running')
      await fleet.leave(processId)
      const swept = await Promise.all([sweep(id), sweep(id)])
      expect(swept.reduce((sum, { steps }) => sum + steps, 0)).toBe(1)
      expect(await behind.heldRao()).toBe(100n)
      await fleet.leave(id)
    })

    it('a heartbeat that is too old is none, and the sweeper itself is never among the dead', async () => {
      const { id } = await join()
      await fleet.beat({ id: processId, role: 'gateway' })
      const behind = await leaveBehind()
      const mine = await leaveBehind(id)
      await sweep(processId, { deadAfterMs: 0 })
      expect(await behind.stepStatus()).toBe('running')
      expect(await mine.stepStatus()).toBe('ready')
      await sweep(id, { deadAfterMs: 0 })
      expect(await behind.heldRao()).toBe(100n)
      expect(await behind.stepStatus()).toBe('ready')
      await Promise.all([fleet.leave(id), fleet.leave(processId)])
    })

    it('whose own heartbeat is not yet steady, or who never beat, sweeps nobody', async () => {
      const { id } = await join()
      const behind = await leaveBehind()
      expect(await sweep(id, { steadyForMs: MINUTE_MS })).toEqual({ holds: 0, steps: 0 })
      expect(await sweep('process-nobody')).toEqual({ holds: 0, steps: 0 })
      expect(await behind.heldRao()).toBe(400n)
      await sweep(id)
      await fleet.leave(id)
    })

    it('a store is bound to one chain for ever', async () => {
      const bound = await fleet.bindChain('0xgenesis')
      const asked = await Promise.all([fleet.bindChain('0xother'), fleet.bindChain('0xanother')])
      expect(asked).toEqual([bound, bound])
    })

    it('after all of this the books balance', async () => {
      expect((await store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
    })
  })

  describe(`leases: ${name}`, () => {
    let store: Store
    let leases: Leases
    beforeAll(async () => {
      store = await make()
      leases = store.leases
    })
    const nextTo = (from: DepositCursor | null): DepositCursor => ({
      genesisHash: '0xgenesis',
      number: (from?.number ?? 0) + 1,
      hash: `0x${unique()}`,
    })

    it('of many who take a lease at once one has it', async () => {
      const offices = Array.from({ length: 30 }, () => unique())
      for (const office of offices) {
        const terms = await Promise.all(
          Array.from({ length: 8 }, (_, index) => leases.take(office, `process-${index}`, MINUTE_MS)),
        )
        expect(terms.filter((term) => term !== null)).toEqual([{ name: office, fence: 1 }])
      }
      const [office = ''] = offices
      expect(await leases.take(office, 'process-9', MINUTE_MS)).toBeNull()
      expect(await leases.take(unique(), 'process-9', MINUTE_MS)).toMatchObject({ fence: 1 })
    })

    it('one that has ended is taken by another with a higher fence, and its former holder cannot renew it', async () => {
      const office = unique()
      const first = (await leases.take(office, 'process-1', 0))!
      const second = await leases.take(office, 'process-2', MINUTE_MS)
      expect(second).toEqual({ name: office, fence: first.fence + 1 })
      expect(await leases.renew(first, MINUTE_MS)).toBe(false)
      await leases.release(first)
      expect(await leases.take(office, 'process-3', MINUTE_MS)).toBeNull()
    })

    it('is prolonged by its holder, also late when nobody took it meanwhile', async () => {
      const office = unique()
      const term = (await leases.take(office, 'process-1', 0))!
      expect(await leases.renew(term, MINUTE_MS)).toBe(true)
      expect(await leases.take(office, 'process-2', MINUTE_MS)).toBeNull()
    })

    it('of the two that had it only the later one credits deposits, also in a race with its taking', async () => {
      const { deposits } = store
      const { accountId } = await newCustomer(store, 0n)
      const { depositAddress } = await store.accounts.get(accountId)
      const office = unique()
      let term = (await leases.take(office, 'process-1', 0))!
      for (let round = 1; round <= 10; round += 1) {
        const from = await deposits.readCursor()
        const to = nextTo(from)
        const late = deposits
          .under(term)
          .credit(from, to, [{ eventIndex: 0, from: 'a', to: depositAddress, amountRao: 5n }])
          .then(
            () => true,
            (error: unknown) => {
              expect(error).toMatchObject({ code: 'conflict' })
              return false
            },
          )
        const [isCredited, next] = await Promise.all([late, leases.take(office, 'process-2', 0)])
        const moved = await deposits.readCursor()
        expect(moved).toEqual(isCredited ? to : from)
        await expect(deposits.under(term).credit(moved, nextTo(moved), [])).rejects.toMatchObject({
          code: 'conflict',
        })
        expect(await deposits.readCursor()).toEqual(moved)
        term = next!
        const credits = [{ eventIndex: 0, from: 'a', to: depositAddress, amountRao: 5n }]
        if (!isCredited) await deposits.under(term).credit(moved, to, credits)
      }
      expect((await store.ledger.readBalance(accountId)).availableRao).toBe(50n)
    })

    it('one that was given back is free at once, with a higher fence', async () => {
      const office = unique()
      const term = (await leases.take(office, 'process-1', MINUTE_MS))!
      await leases.release(term)
      expect(await leases.take(office, 'process-2', MINUTE_MS)).toEqual({
        name: office,
        fence: term.fence + 1,
      })
    })
  })
}
