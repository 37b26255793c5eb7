/** Experts, models and callable miners, answered from memory. Snapshots come in from the background. */
import type { ExpertDirectory, ServedExpert, ServedMiner, ServedModel } from '../inference/experts.ts'
import type { Capability } from '../ports/capability.ts'
import type { Metagraph } from '../ports/chain.ts'
import { networkOf, urlOf } from './addresses.ts'
import { type CallabilityRules, findObstacle, type NotCallableReason } from './callability.ts'
import type { ExpertEntry, SubnetsFile } from './subnets-file.ts'

/** What the start lines and `readyz` say of one expert. */
export type ExpertStatus = {
  readonly name: string
  readonly netuid: number | null
  readonly mechid: number
  readonly models: readonly string[]
  readonly callable: number
  readonly total: number
  /** How many neurons are not callable, by reason. */
  readonly reasons: Readonly<Partial<Record<NotCallableReason, number>>>
  readonly block: number | null
  /** Why it cannot be used at all; null when it can. */
  readonly problem: string | null
}

type Placed = { readonly block: number | null; readonly miners: readonly ServedMiner[] }

const NOT_READ: Placed = { block: null, miners: [] }

export type ModelListing = { readonly model: ServedModel; readonly description: string }

export type DirectoryOptions = {
  readonly file: SubnetsFile
  /** Bearer keys by expert, read from their files. */
  readonly bearers: ReadonlyMap<string, string>
  /** Of this machine: never called, whoever publishes them. */
  readonly ownAddresses?: ReadonlySet<string>
}

export class Directory implements ExpertDirectory {
  readonly #file: SubnetsFile
  readonly #rules: CallabilityRules
  readonly #models = new Map<string, ServedModel[]>()
  readonly #listings: ModelListing[] = []
  readonly #placed = new Map<string, Placed>()
  readonly #status = new Map<string, ExpertStatus>()

  constructor({ file, bearers, ownAddresses = new Set() }: DirectoryOptions) {
    this.#file = file
    this.#rules = { allowLoopback: file.allowLoopbackMiners, ownAddresses }
    for (const entry of file.experts) {
      this.#addModels(entry)
      this.#status.set(entry.name, { ...emptyStatus(entry), problem: 'no snapshot of the chain yet' })
      if (entry.url !== undefined) this.#placeServer(entry, entry.url, bearers.get(entry.name) ?? null)
    }
  }

  find(modelId: string): readonly ServedModel[] {
    const known = this.#models.get(modelId)
    if (known) return known
    const prefix = this.#file.faultPrefixes.find((candidate) => modelId.startsWith(candidate))
    if (prefix === undefined) return []
    return (this.#models.get(modelId.slice(prefix.length)) ?? []).map((model) => ({
      ...model,
      id: modelId,
      upstreamModel: prefix + model.upstreamModel,
    }))
  }

  listFor(capability: Capability): readonly ServedModel[] {
    return this.#listings
      .filter(({ model }) => model.capabilities.includes(capability))
      .map(({ model }) => model)
  }

  /** Every model once, in the order of the file. */
  list(): readonly ModelListing[] {
    return this.#listings
  }

  readMiners(expertName: string): Placed {
    return this.#placed.get(expertName) ?? NOT_READ
  }

  explain(expertName: string): string | null {
    const status = this.#status.get(expertName)
    if (!status || status.callable > 0) return null
    return status.problem ?? 'the subnet has no callable miner'
  }

  status(): readonly ExpertStatus[] {
    return [...this.#status.values()]
  }

  /** (netuid, mechid) pairs that snapshots are needed of. */
  listSubnets(): readonly { readonly netuid: number; readonly mechid: number }[] {
    const pairs = new Map<string, { netuid: number; mechid: number }>()
    for (const { netuid, mechid } of this.#file.experts) {
      if (netuid !== undefined) pairs.set(`${netuid}/${mechid}`, { netuid, mechid })
    }
    return [...pairs.values()]
  }

  /** Takes a new snapshot into use for every expert that it is of. */
  take(metagraph: Metagraph): void {
    for (const entry of this.#file.experts) {
      if (entry.netuid === metagraph.netuid && entry.mechid === metagraph.mechid)
        this.#place(entry, metagraph)
    }
  }

  /** Stops serving from snapshots of that subnet: too old, or no longer the subnet that was meant. */
  drop(netuid: number, mechid: number, problem: string): void {
    for (const entry of this.#file.experts) {
      if (entry.netuid !== netuid || entry.mechid !== mechid) continue
      this.#placed.set(entry.name, NOT_READ)
      this.#status.set(entry.name, { ...emptyStatus(entry), problem })
    }
  }

  #place(entry: ExpertEntry, metagraph: Metagraph): void {
    const problem = findMismatch(entry, metagraph)
    if (problem !== null) {
      this.drop(metagraph.netuid, metagraph.mechid, problem)
      return
    }
    const miners: ServedMiner[] = []
    const reasons: Partial<Record<NotCallableReason, number>> = {}
    for (const neuron of metagraph.neurons) {
      const obstacle = findObstacle(neuron, metagraph, this.#rules)
      if (obstacle !== null || neuron.axon === null) {
        const reason = obstacle ?? 'no-axon'
        reasons[reason] = (reasons[reason] ?? 0) + 1
        continue
      }
      miners.push({
        target: {
          netuid: metagraph.netuid,
          mechid: metagraph.mechid,
          uid: neuron.uid,
          hotkey: neuron.hotkey,
          baseUrl: urlOf(neuron.axon.ip, neuron.axon.port),
          bearer: null,
        },
        coldkey: neuron.coldkey,
        network: networkOf(neuron.axon.ip),
        incentive: neuron.incentive,
      })
    }
    this.#placed.set(entry.name, { block: metagraph.block, miners })
    this.#status.set(entry.name, {
      ...emptyStatus(entry),
      callable: miners.length,
      total: metagraph.neurons.length,
      reasons,
      block: metagraph.block,
      problem: null,
    })
  }

  #placeServer(entry: ExpertEntry, url: string, bearer: string | null): void {
    const target = {
      netuid: null,
      mechid: 0,
      uid: null,
      hotkey: entry.name,
      baseUrl: url.replace(/\/+$/, ''),
      bearer,
    }
    this.#placed.set(entry.name, {
      block: null,
      miners: [{ target, coldkey: entry.name, network: null, incentive: 0 }],
    })
    this.#status.set(entry.name, { ...emptyStatus(entry), callable: 1, total: 1 })
  }

  #addModels(entry: ExpertEntry): void {
    const expert: ServedExpert = {
      name: entry.name,
      netuid: entry.netuid ?? null,
      mechid: entry.mechid,
      dialect: entry.dialect,
      concurrencyPerMiner: entry.concurrencyPerMiner,
      queueDepth: entry.queueDepth,
      timeoutMs: entry.timeoutS * 1000,
      firstByteTimeoutMs: entry.firstByteTimeoutS * 1000,
    }
    for (const {
      id,
      upstream,
      capabilities,
      contextTokensMax,
      outputTokensMax,
      description,
    } of entry.models) {
      const model = {
        id,
        listedId: id,
        upstreamModel: upstream ?? id,
        capabilities,
        contextTokensMax,
        outputTokensMax,
        expert,
      }
      const known = this.#models.get(id)
      if (known) {
        known.push(model)
        continue
      }
      this.#models.set(id, [model])
      this.#listings.push({ model, description })
    }
  }
}

function emptyStatus(entry: ExpertEntry): ExpertStatus {
  return {
    name: entry.name,
    netuid: entry.netuid ?? null,
    mechid: entry.mechid,
    models: entry.models.map(({ id }) => id),
    callable: 0,
    total: 0,
    reasons: {},
    block: null,
    problem: null,
  }
}

/** A netuid is given to somebody else after a deregistration: then the same number is another subnet. */
function findMismatch(entry: ExpertEntry, metagraph: Metagraph): string | null {
  if (entry.networkName !== undefined && entry.networkName !== metagraph.name) {
    return `subnet ${metagraph.netuid} is named "${metagraph.name}" on the chain, not "${entry.networkName}" as the subnets file says`
  }
  const expected = entry.networkRegisteredAtBlock
  if (expected !== undefined && expected !== metagraph.networkRegisteredAtBlock) {
    return `subnet ${metagraph.netuid} was registered at block ${metagraph.networkRegisteredAtBlock}, not ${expected} as the subnets file says: it is another subnet now`
  }
  return null
}
