/** What is known of a chain's runtime: types, storage and APIs, for the current version and, block by block, for others. */
import type { ApiPromise } from '@polkadot/api'
import type { Metadata } from '@polkadot/types'
import type { Registry } from '@polkadot/types/types'
import { z } from 'zod'
import { Decoder } from './decoder.ts'
import { SwitchableProvider } from './switchable-provider.ts'
import type { Transport } from './transport.ts'

/** Types and descriptions of one runtime version. */
export type RuntimeView = {
  readonly registry: Registry
  readonly metadata: Metadata
  readonly decoder: Decoder
}

const versionAnswer = z.object({ specVersion: z.number() })

export class Runtime {
  readonly specVersion: number
  readonly #api: ApiPromise
  readonly #provider: SwitchableProvider
  readonly #views = new WeakMap<Registry, RuntimeView>()

  private constructor(api: ApiPromise, provider: SwitchableProvider) {
    this.#api = api
    this.#provider = provider
    this.specVersion = api.runtimeVersion.specVersion.toNumber()
  }

  /** Reads metadata through a connection. @throws Error */
  static async load(transport: Transport): Promise<Runtime> {
    const { ApiPromise } = await import('@polkadot/api')
    const provider = new SwitchableProvider(transport)
    const api = new ApiPromise({ provider, noInitWarn: true })
    try {
      await transport.within(api.isReadyOrError, 'metadata')
    } catch (error) {
      await api.disconnect()
      throw error
    }
    return new Runtime(api, provider)
  }

  /** Goes on with another connection to the same chain. */
  switchTo(transport: Transport): void {
    this.#provider.switchTo(transport)
  }

  /** Hash of a header as the node sends it. */
  hashHeader(header: unknown): string {
    return this.#api.registry.createType('Header', header).hash.toHex()
  }

  /** The runtime in force after a block: it answers runtime calls at that block. @throws Error */
  async viewAfter(transport: Transport, blockHash: string): Promise<RuntimeView> {
    const specVersion = await readSpecVersion(transport, blockHash)
    if (specVersion === this.specVersion) return this.#currentView()
    const view = await this.#viewOf(transport, blockHash)
    if (view.specVersion !== specVersion) throw new Error(`The runtime changed in block ${blockHash}.`)
    return view
  }

  /** The runtime that executed a block: it wrote that block's events and storage. @throws Error */
  async viewDuring(transport: Transport, block: { hash: string; parentHash: string }): Promise<RuntimeView> {
    const specVersion = await readSpecVersion(transport, block.parentHash)
    return specVersion === this.specVersion ? this.#currentView() : this.#viewOf(transport, block.hash)
  }

  async close(): Promise<void> {
    await this.#api.disconnect()
  }

  #currentView(): RuntimeView {
    return this.#remember(this.#api.registry, this.#api.runtimeMetadata)
  }

  /** The library finds a block's runtime by the version in force before it. */
  async #viewOf(
    transport: Transport,
    blockHash: string,
  ): Promise<RuntimeView & { readonly specVersion: number }> {
    const found = await transport.within(
      this.#api.getBlockRegistry(Buffer.from(blockHash.slice(2), 'hex')),
      'metadata',
    )
    const specVersion = found.runtimeVersion.specVersion.toNumber()
    return { ...this.#remember(found.registry, found.metadata), specVersion }
  }

  #remember(registry: Registry, metadata: Metadata): RuntimeView {
    const known = this.#views.get(registry)
    if (known) return known
    const view = { registry, metadata, decoder: new Decoder(metadata.asLatest.lookup) }
    this.#views.set(registry, view)
    return view
  }
}

/** Version of the runtime in force after a block, or now. @throws Error */
export async function readSpecVersion(transport: Transport, blockHash: string | null): Promise<number> {
  const parameters = blockHash === null ? [] : [blockHash]
  return versionAnswer.parse(await transport.call('state_getRuntimeVersion', parameters)).specVersion
}
