/** What every keeper of pipeline runs promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type {
  ClaimReference,
  NewEvent,
  NewRun,
  RunEnd,
  Runs,
  StepClaim,
  StepCommit,
} from '../../src/ports/runs.ts'
import type { Store } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from './money.ts'

const MINUTE_MS = 60_000

export function runsContract(name: string, { make, processId }: StoreContract): void {
  describe(`runs: ${name}`, () => {
    let store: Store
    let runs: Runs
    beforeAll(async () => {
      store = await make()
      runs = store.runs
    })

    const lease = { processId, leaseMs: MINUTE_MS, announce: () => [] }

    const newRun = ({ accountId, keyId }: Customer, more: Partial<NewRun> = {}): NewRun => ({
      id: `run_${unique()}`,
      accountId,
      keyId,
      definition: { version: 1, steps: [{ id: 'stt' }, { id: 'say' }] },
      priceVersion: '1',
      holdRao: 100n,
      timeoutMs: 10 * MINUTE_MS,
      steps: [
        { id: 'stt', use: 'audio.transcribe', ready: true },
        { id: 'say', use: 'chat', ready: false },
        { id: 'join', use: 'text.concat', ready: false },
      ],
      events: [{ type: 'run.created', stepId: null, data: { a: 1 } }],
      idempotency: null,
      ...more,
    })

    const create = async (customer: Customer, more: Partial<NewRun> = {}) => {
      const run = newRun(customer, more)
      expect(await runs.create(run)).toMatchObject({ kind: 'created' })
      return run.id
    }

    const claim = async (runId: string, stepId: string, leaseMs = MINUTE_MS): Promise<StepClaim> => {
      const claimed = await runs.claim(runId, stepId, { ...lease, leaseMs })
      if (!claimed) throw new Error(`${stepId} is not to be had`)
      return claimed
    }

    const commit = (
      { run, stepId, fence }: StepClaim,
      more: Partial<StepCommit> = {},
    ): StepCommit & ClaimReference => ({
      runId: run.id,
      stepId,
      fence,
      status: 'succeeded',
      attempts: 1,
      output: { text: 'hello' },
      error: null,
      provider: { netuid: 11, hotkey: '5Miner' },
      receipt: null,
      ready: [],
      skipped: [],
      events: [{ type: 'step.succeeded', stepId, data: {} }],
      delayMs: 0,
      end: null,
      ...more,
    })

    const reference = ({ run, stepId, fence }: StepClaim): ClaimReference => ({
      runId: run.id,
      stepId,
      fence,
    })

    const write = async (written: StepCommit & ClaimReference): Promise<boolean> =>
      (await runs.commitStep(written, () => written)) !== null

    const endRun = (runId: string, end: RunEnd, event: NewEvent) =>
      runs.log.endRun(runId, () => ({ end, event }))

    const takeDue = (limit = 1000, patienceMs = 0) => runs.log.takeDue({ limit, patienceMs })

    const receiptOf = ({ run, stepId }: StepClaim, capturedRao: bigint) => {
      const customer = { accountId: run.accountId, keyId: run.keyId, sha256: '' }
      const hold = holdRequest(customer, run.heldRao)
      return receiptFor(hold, capturedRao, {
        id: `rcp_${run.id}_${stepId}`,
        requestId: run.id,
        capability: 'audio.transcribe',
        releasedRao: 0n,
        runId: run.id,
        stepId,
      })
    }

    const SUCCESS: RunEnd = { status: 'succeeded', output: { done: true }, partial: false, error: null }
    const CANCEL: RunEnd = { status: 'cancelled', output: null, partial: true, error: null }
    const event = (type: string) => ({ type, stepId: null, data: {} })
    const get = async (runId: string) => (await runs.find(runId, null))!
    const balanceOf = ({ accountId }: Customer) => store.ledger.readBalance(accountId)

    it('a run is created with its hold, steps and events in one', async () => {
      const customer = await newCustomer(store, 1000n)
      const run = newRun(customer)
      const outcome = await runs.create(run)
      expect(outcome).toMatchObject({
        kind: 'created',
        run: {
          id: run.id,
          accountId: customer.accountId,
          keyId: customer.keyId,
          status: 'queued',
          definition: run.definition,
          holdId: `hold:${run.id}`,
          heldRao: 100n,
          capturedRao: 0n,
          releasedRao: 0n,
          output: null,
          partial: false,
          error: null,
          startedAt: null,
          endedAt: null,
        },
      })
      const found = await get(run.id)
      expect(outcome).toEqual({ kind: 'created', run: found })
      expect(
        found.steps.map(({ id, use, status, attempts, fence }) => [id, use, status, attempts, fence]),
      ).toEqual([
        ['stt', 'audio.transcribe', 'ready', 0, 0],
        ['say', 'chat', 'pending', 0, 0],
        ['join', 'text.concat', 'pending', 0, 0],
      ])
      expect(new Date(found.expiresAt).getTime() - new Date(found.createdAt).getTime()).toBe(10 * MINUTE_MS)
      expect(await runs.log.listEvents(run.id, 0, 10)).toMatchObject([
        { sequence: 1, type: 'run.created', stepId: null, data: { a: 1 } },
      ])
      expect(await balanceOf(customer)).toEqual({ availableRao: 900n, heldRao: 100n, spentRao: 0n })
    })

    it('without the money there is no run, no hold and no event', async () => {
      const customer = await newCustomer(store, 99n)
      const run = newRun(customer)
      expect(await runs.create(run)).toEqual({ kind: 'insufficient', availableRao: 99n })
      expect(await runs.find(run.id, null)).toBeNull()
      expect(await runs.log.listEvents(run.id, 0, 10)).toEqual([])
      expect((await balanceOf(customer)).heldRao).toBe(0n)
    })

    it('a revoked key creates no run', async () => {
      const customer = await newCustomer(store, 1000n)
      await store.accounts.revokeKeys(customer.accountId, null)
      await expect(runs.create(newRun(customer))).rejects.toMatchObject({ code: 'invalid_api_key' })
    })

    it('the same idempotency key gives the same run, another body a mismatch, another account its own run', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 1000n)
      const idempotency = { key: 'order-42', fingerprint: 'aa' }
      const id = await create(customer, { idempotency })
      expect(await runs.create(newRun(customer, { idempotency }))).toMatchObject({
        kind: 'replayed',
        run: { id },
      })
      expect(
        await runs.create(newRun(customer, { idempotency: { ...idempotency, fingerprint: 'bb' } })),
      ).toEqual({
        kind: 'mismatch',
      })
      expect(await runs.create(newRun(other, { idempotency }))).toMatchObject({ kind: 'created' })
      expect((await balanceOf(customer)).heldRao).toBe(100n)
    })

    it('twelve requests at once with one idempotency key make one run and one hold', async () => {
      const customer = await newCustomer(store, 10_000n)
      const idempotency = { key: 'once', fingerprint: 'aa' }
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => runs.create(newRun(customer, { idempotency }))),
      )
      expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1)
      expect(outcomes.filter(({ kind }) => kind === 'replayed')).toHaveLength(11)
      expect((await balanceOf(customer)).heldRao).toBe(100n)
    })

    it('a run is invisible to other accounts', async () => {
      const customer = await newCustomer(store, 1000n)
      const other = await newCustomer(store, 1000n)
      const id = await create(customer)
      expect(await runs.find(id, other.accountId)).toBeNull()
      expect((await runs.find(id, customer.accountId))?.id).toBe(id)
      expect(await runs.find('run_nothing', null)).toBeNull()
      expect(await runs.list(other.accountId, { limit: 10, after: null })).toEqual([])
      expect(await runs.list(other.accountId, { limit: 10, after: id })).toEqual([])
    })

    it('runs are listed newest first, page by page', async () => {
      const customer = await newCustomer(store, 1000n)
      const { accountId } = customer
      const made = [await create(customer), await create(customer), await create(customer)]
      const first = await runs.list(accountId, { limit: 2, after: null })
      expect(first.map(({ id }) => id)).toEqual([made[2], made[1]])
      expect(first[0]?.steps).toHaveLength(3)
      const second = await runs.list(accountId, { limit: 2, after: made[1]! })
      expect(second.map(({ id }) => id)).toEqual([made[0]])
    })

    it('a claim takes a ready step for one, raises its fence, and starts the run', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const attempts = await Promise.all(Array.from({ length: 5 }, () => runs.claim(id, 'stt', lease)))
      const won = attempts.filter((attempt) => attempt !== null)
      expect(won).toHaveLength(1)
      expect(won[0]).toMatchObject({ stepId: 'stt', fence: 1, run: { id, status: 'running' } })
      expect(won[0]?.run.startedAt).not.toBeNull()
      expect((await get(id)).steps[0]).toMatchObject({ status: 'running', fence: 1 })
    })

    it('a pending step, an unknown one, and one of an ended run are not to be had', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      expect(await runs.claim(id, 'say', lease)).toBeNull()
      expect(await runs.claim(id, 'nothing', lease)).toBeNull()
      expect(await runs.claim('run_nothing', 'stt', lease)).toBeNull()
      await endRun(id, CANCEL, event('run.cancelled'))
      expect(await runs.claim(id, 'stt', lease)).toBeNull()
    })

    it('a step whose lease has ended may be claimed anew, and the late result of the first claim changes nothing', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const lost = await claim(id, 'stt', 0)
      const second = await claim(id, 'stt')
      expect(second.fence).toBe(2)
      const late = commit(lost, { output: { text: 'late' }, receipt: receiptOf(lost, 10n) })
      expect(await write(late)).toBe(false)
      expect(await runs.renew({ runId: id, stepId: 'stt', fence: 1 }, MINUTE_MS)).toBe(false)
      expect((await get(id)).capturedRao).toBe(0n)
      expect(await runs.log.listEvents(id, 0, 10)).toHaveLength(1)
      expect(await write(commit(second))).toBe(true)
      expect((await get(id)).steps[0]?.output).toEqual({ text: 'hello' })
    })

    it('a lease is prolonged by its owner until the run ends', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const { fence } = await claim(id, 'stt', 0)
      expect(await runs.renew({ runId: id, stepId: 'stt', fence }, MINUTE_MS)).toBe(true)
      expect(await runs.claim(id, 'stt', lease)).toBeNull()
      await endRun(id, CANCEL, event('run.cancelled'))
      expect(await runs.renew({ runId: id, stepId: 'stt', fence }, MINUTE_MS)).toBe(false)
    })

    it('a commit writes output, money, events and what comes next in one', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const claimed = await claim(id, 'stt')
      const receipt = receiptOf(claimed, 30n)
      expect(await write(commit(claimed, { receipt, attempts: 2, ready: ['say'], skipped: ['join'] }))).toBe(
        true,
      )
      const run = await get(id)
      expect(run).toMatchObject({ status: 'running', heldRao: 100n, capturedRao: 30n, releasedRao: 0n })
      expect(run.steps[0]).toMatchObject({
        status: 'succeeded',
        attempts: 2,
        output: { text: 'hello' },
        provider: { netuid: 11, hotkey: '5Miner' },
        costRao: 30n,
        receiptId: receipt.id,
      })
      expect(run.steps[0]?.endedAt).not.toBeNull()
      expect(run.steps.map(({ status }) => status)).toEqual(['succeeded', 'ready', 'skipped'])
      expect(await store.ledger.findReceipt(customer.accountId, receipt.id)).toEqual(receipt)
      expect(await balanceOf(customer)).toEqual({ availableRao: 900n, heldRao: 70n, spentRao: 30n })
    })

    it('the same commit twice counts once', async () => {
      const customer = await newCustomer(store, 1000n)
      const claimed = await claim(await create(customer), 'stt')
      const twice = commit(claimed, { receipt: receiptOf(claimed, 30n) })
      const results = await Promise.all([write(twice), write(twice)])
      expect(results.sort()).toEqual([false, true])
      expect((await balanceOf(customer)).spentRao).toBe(30n)
    })

    /** Two steps side by side, and one that waits for both. */
    const fork = async (customer: Customer) => {
      const step = (id: string, ready: boolean) => ({ id, use: 'chat' as const, ready })
      const id = await create(customer, { steps: [step('a', true), step('b', true), step('c', false)] })
      return { id, claims: await Promise.all([claim(id, 'a'), claim(id, 'b')]) }
    }
    const rounds = Array.from({ length: 40 }, (_, index) => index)

    it('two predecessors that end at the same moment leave no successor waiting, and only one of them calls it', async () => {
      const customer = await newCustomer(store, 100_000n)
      const forks = await Promise.all(rounds.map(() => fork(customer)))
      for (const { id, claims } of forks) {
        const written = await Promise.all(
          claims.map((claimed) =>
            runs.commitStep(reference(claimed), ({ steps }) => {
              const isLast = steps.every(
                (step) => step.id === claimed.stepId || step.id === 'c' || step.status === 'succeeded',
              )
              return commit(claimed, { receipt: receiptOf(claimed, 7n), ready: isLast ? ['c'] : [] })
            }),
          ),
        )
        expect(written.flatMap((one) => one?.ready)).toEqual(['c'])
        expect((await get(id)).steps.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'ready'])
      }
      expect((await balanceOf(customer)).spentRao).toBe(BigInt(rounds.length) * 14n)
    })

    it('two last steps that end at the same moment end the run once, with what both have cost', async () => {
      const customer = await newCustomer(store, 100_000n)
      const forks = await Promise.all(rounds.map(() => fork(customer)))
      for (const { id, claims } of forks) {
        await Promise.all(
          claims.map((claimed) =>
            runs.commitStep(reference(claimed), (run) => {
              const isLast = run.steps.some(({ status }) => status === 'succeeded')
              const output = { before: run.capturedRao.toString() }
              const end = isLast ? { ...SUCCESS, output } : null
              return commit(claimed, { receipt: receiptOf(claimed, 7n), end })
            }),
          ),
        )
        expect(await get(id)).toMatchObject({
          status: 'succeeded',
          output: { before: '7' },
          capturedRao: 14n,
          releasedRao: 86n,
        })
      }
      expect((await balanceOf(customer)).heldRao).toBe(0n)
    })

    it('what ends a run is decided by the run as it is then, whoever ends a step of it at that moment', async () => {
      const customer = await newCustomer(store, 100_000n)
      for (const { id, claims } of await Promise.all(rounds.map(() => fork(customer)))) {
        const [first] = claims
        const [isWritten] = await Promise.all([
          write(commit(first, { receipt: receiptOf(first, 7n) })),
          runs.log.endRun(id, ({ capturedRao }) => ({
            end: { ...CANCEL, output: { captured: capturedRao.toString() } },
            event: event('run.cancelled'),
          })),
        ])
        const captured = isWritten ? 7n : 0n
        expect(await get(id)).toMatchObject({
          status: 'cancelled',
          output: { captured: captured.toString() },
          capturedRao: captured,
        })
      }
    })

    it('a conclusion that throws changes nothing', async () => {
      const customer = await newCustomer(store, 1000n)
      const claimed = await claim(await create(customer), 'stt')
      const fail = () => {
        throw new Error('no conclusion')
      }
      await expect(runs.commitStep(reference(claimed), fail)).rejects.toThrow('no conclusion')
      await expect(runs.log.endRun(claimed.run.id, fail)).rejects.toThrow('no conclusion')
      expect((await get(claimed.run.id)).steps[0]?.status).toBe('running')
      expect(await write(commit(claimed))).toBe(true)
    })

    it('an old claim is asked for no conclusion', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const lost = await claim(id, 'stt', 0)
      await claim(id, 'stt')
      let asked = 0
      const conclude = () => {
        asked += 1
        return commit(lost)
      }
      expect(await runs.commitStep(reference(lost), conclude)).toBeNull()
      expect(asked).toBe(0)
    })

    it('a claim tells of itself in its own transaction, and who is the first of the run', async () => {
      const customer = await newCustomer(store, 1000n)
      const step = (id: string) => ({ id, use: 'chat' as const, ready: true })
      const id = await create(customer, { steps: ['a', 'b', 'c', 'd'].map(step) })
      await Promise.all(
        ['a', 'b', 'c', 'd'].map((stepId) =>
          runs.claim(id, stepId, {
            ...lease,
            announce: (claimed, isFirst) => [
              ...(isFirst ? [event('run.started')] : []),
              { type: 'step.started', stepId: claimed.stepId, data: { fence: claimed.fence } },
            ],
          }),
        ),
      )
      const events = await runs.log.listEvents(id, 1, 10)
      expect(events.map(({ type }) => type)).toEqual([
        'run.started',
        ...Array.from({ length: 4 }, () => 'step.started'),
      ])
      expect(
        events
          .slice(1)
          .map(({ stepId }) => stepId)
          .sort(),
      ).toEqual(['a', 'b', 'c', 'd'])
      expect(events.at(-1)?.data).toEqual({ fence: 1 })
    })

    it('a step that goes back to ready is charged once over all its attempts', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const first = await claim(id, 'stt')
      const error = { code: 'expert_timeout', message: 'The expert was too slow.' }
      const retry = commit(first, { status: 'ready', output: null, error, receipt: receiptOf(first, 30n) })
      expect(await write(retry)).toBe(true)
      expect((await get(id)).steps[0]).toMatchObject({ status: 'ready', error, output: null, endedAt: null })
      const second = await claim(id, 'stt')
      expect(second.fence).toBe(2)
      expect(
        await write(commit(second, { receipt: { ...receiptOf(second, 40n), id: `rcp_${unique()}` } })),
      ).toBe(true)
      const run = await get(id)
      expect(run.capturedRao).toBe(30n)
      expect(run.steps[0]).toMatchObject({ status: 'succeeded', error: null, costRao: 30n })
    })

    it('a retry after a pause is not to be had before it is due', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      await write(commit(await claim(id, 'stt'), { status: 'ready', output: null, delayMs: MINUTE_MS }))
      expect(await runs.claim(id, 'stt', lease)).toBeNull()
      const due = await takeDue()
      expect(due.steps.some(({ runId }) => runId === id)).toBe(false)
    })

    it('a step that costs more than is left of the hold fails whole', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const claimed = await claim(id, 'stt')
      const greedy = commit(claimed, { receipt: { ...receiptOf(claimed, 101n), heldRao: 101n } })
      await expect(write(greedy)).rejects.toMatchObject({ code: 'internal_error' })
      expect((await get(id)).steps[0]?.status).toBe('running')
      expect(await balanceOf(customer)).toEqual({ availableRao: 900n, heldRao: 100n, spentRao: 0n })
      expect(await runs.log.listEvents(id, 0, 10)).toHaveLength(1)
    })

    it('the commit that ends a run releases the rest of its hold and cancels what is open', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const claimed = await claim(id, 'stt')
      const events = [event('step.succeeded'), event('run.succeeded')]
      expect(await write(commit(claimed, { receipt: receiptOf(claimed, 30n), events, end: SUCCESS }))).toBe(
        true,
      )
      const run = await get(id)
      expect(run).toMatchObject({
        status: 'succeeded',
        output: { done: true },
        capturedRao: 30n,
        releasedRao: 70n,
        partial: false,
      })
      expect(run.endedAt).not.toBeNull()
      expect(run.steps.map(({ status }) => status)).toEqual(['succeeded', 'cancelled', 'cancelled'])
      expect(await balanceOf(customer)).toEqual({ availableRao: 970n, heldRao: 0n, spentRao: 30n })
    })

    it('ending a run happens once; what comes after changes nothing', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const claimed = await claim(id, 'stt')
      const error = { code: 'cancelled', message: 'Cancelled by the caller.' }
      const ends = await Promise.all(
        [1, 2, 3].map(() => endRun(id, { ...CANCEL, error }, event('run.cancelled'))),
      )
      expect(ends.filter((ended) => ended)).toHaveLength(1)
      expect(await write(commit(claimed, { receipt: receiptOf(claimed, 30n) }))).toBe(false)
      expect(await runs.log.append(id, event('run.cost'))).toBe(false)
      const run = await get(id)
      expect(run).toMatchObject({
        status: 'cancelled',
        partial: true,
        error,
        capturedRao: 0n,
        releasedRao: 100n,
      })
      expect(run.steps.every(({ status }) => status === 'cancelled')).toBe(true)
      expect((await runs.log.listEvents(id, 0, 10)).map(({ type }) => type)).toEqual([
        'run.created',
        'run.cancelled',
      ])
      expect((await balanceOf(customer)).availableRao).toBe(1000n)
      expect(await endRun('run_nothing', CANCEL, event('run.cancelled'))).toBe(false)
    })

    it('events are numbered from one without gaps, whoever writes at the same time', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => runs.log.append(id, event(`run.cost.${index}`))),
      )
      const events = await runs.log.listEvents(id, 0, 100)
      expect(events.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 21 }, (_, index) => index + 1),
      )
      const times = events.map(({ at }) => at)
      expect(times).toEqual([...times].sort())
      expect(await runs.log.listEvents(id, 5, 3)).toEqual(events.slice(5, 8))
      expect(await runs.log.listEvents(id, 21, 3)).toEqual([])
    })

    it('due are ready steps and those whose lease has ended, of runs that have not', async () => {
      const customer = await newCustomer(store, 1000n)
      const [ready, leased, lapsed, ended] = [
        await create(customer),
        await create(customer),
        await create(customer),
        await create(customer),
      ]
      await claim(leased, 'stt')
      await claim(lapsed, 'stt', 0)
      await endRun(ended, CANCEL, event('run.cancelled'))
      const { steps } = await takeDue()
      const mine = steps.filter(({ runId }) => [ready, leased, lapsed, ended].includes(runId))
      expect(mine).toHaveLength(2)
      expect(mine).toContainEqual({ runId: ready, stepId: 'stt', use: 'audio.transcribe', fence: 0 })
      expect(mine).toContainEqual({ runId: lapsed, stepId: 'stt', use: 'audio.transcribe', fence: 1 })
      expect((await takeDue(1)).steps).toHaveLength(1)
    })

    it('a due step is taken once by however many sweep at once, and again when patience has run out', async () => {
      const customer = await newCustomer(store, 10_000n)
      const ids = await Promise.all(Array.from({ length: 30 }, () => create(customer)))
      const mineOf = ({ steps }: Awaited<ReturnType<typeof takeDue>>) =>
        steps.flatMap(({ runId }) => (ids.includes(runId) ? [runId] : []))
      const taken = await Promise.all(Array.from({ length: 4 }, () => takeDue(1000, MINUTE_MS)))
      expect(taken.flatMap(mineOf).sort()).toEqual([...ids].sort())
      expect(mineOf(await takeDue(1000, MINUTE_MS))).toEqual([])
      expect(mineOf(await takeDue()).sort()).toEqual([...ids].sort())
    })

    it('a step that was claimed and came back is due at once, whenever it was taken before', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer)
      const isDue = async () =>
        (await takeDue(1000, MINUTE_MS)).steps.filter(({ runId }) => runId === id).map(({ fence }) => fence)
      expect(await isDue()).toEqual([0])
      expect(await isDue()).toEqual([])
      await claim(id, 'stt', 0)
      expect(await isDue()).toEqual([1])
      expect(await isDue()).toEqual([])
      await write(commit(await claim(id, 'stt'), { status: 'ready', output: null }))
      expect(await isDue()).toEqual([2])
      await runs.claim(id, 'stt', { ...lease, processId: 'dead' })
      expect(await isDue()).toEqual([])
      await runs.log.releaseLeases(processId)
      expect(await isDue()).toEqual([3])
    })

    it('of many runs those that have ended are told', async () => {
      const customer = await newCustomer(store, 1000n)
      const [open, ended] = [await create(customer), await create(customer)]
      await endRun(ended, CANCEL, event('run.cancelled'))
      expect(await runs.log.listEnded([open, ended, 'run_nothing'])).toEqual([ended])
      expect(await runs.log.listEnded([])).toEqual([])
    })

    it('a run past its time is expired, gives out no step, and ends like any other', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer, { timeoutMs: 0 })
      const due = await takeDue()
      expect(due.expiredRunIds).toContain(id)
      expect(due.steps.some(({ runId }) => runId === id)).toBe(false)
      expect(await runs.claim(id, 'stt', lease)).toBeNull()
      expect(await endRun(id, { ...CANCEL, status: 'expired' }, event('run.expired'))).toBe(true)
      expect((await takeDue()).expiredRunIds).not.toContain(id)
      expect((await balanceOf(customer)).availableRao).toBe(1000n)
    })

    it('the sweep of single requests leaves the hold of a run alone', async () => {
      const customer = await newCustomer(store, 1000n)
      const id = await create(customer, { timeoutMs: 0 })
      await store.ledger.sweep({ keepProcessId: 'another' })
      expect((await balanceOf(customer)).heldRao).toBe(100n)
      const hold = holdRequest(customer, 100n, { id: `hold:${id}` })
      const { settlements } = await store.ledger.commit({
        holds: [],
        voids: [],
        captures: [],
        settlements: [{ holdId: hold.id, receipt: receiptFor(hold, 1n) }],
      })
      expect(settlements).toEqual([{ kind: 'closed' }])
    })

    it('the steps of dead processes become due again, those of the one that is kept do not', async () => {
      const customer = await newCustomer(store, 1000n)
      const [mine, theirs] = [await create(customer), await create(customer)]
      await claim(mine, 'stt')
      expect(await runs.claim(theirs, 'stt', { ...lease, processId: 'dead' })).not.toBeNull()
      expect(await runs.log.releaseLeases(processId)).toBe(1)
      expect((await get(mine)).steps[0]?.status).toBe('running')
      expect((await get(theirs)).steps[0]?.status).toBe('ready')
      expect((await claim(theirs, 'stt')).fence).toBe(2)
    })

    it('outputs are stored as they are: what looks like a reference, a key or markup stays text', async () => {
      const customer = await newCustomer(store, 1000n)
      const claimed = await claim(await create(customer), 'stt')
      const output = JSON.parse(
        '{"text":"{\\"$from\\":\\"/input\\"} \\u0000 é","__proto__":{"a":1},"list":[null,1e21]}',
      )
      await write(commit(claimed, { output }))
      const stored = (await get(claimed.run.id)).steps[0]?.output
      expect(JSON.stringify(stored)).toBe(JSON.stringify(output))
    })

    it('after all of this the books balance', async () => {
      expect((await store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
    })
  })
}
