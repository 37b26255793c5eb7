/**
 * The provider that the API object sees: it stays while the connections behind it come and go.
 *
 * The API never hears of a lost connection, so it does not start over, which costs up to a second of computing with a real chain's
 * metadata. It is not told of runtime upgrades either: it would read the new metadata in version 14, which describes no runtime APIs, and
 * drop those. Whoever owns the connection watches both.
 */
import type { ApiOptions } from '@polkadot/api/types'
import type { Transport } from './transport.ts'

type ProviderInterface = NonNullable<ApiOptions['provider']>

export class SwitchableProvider implements ProviderInterface {
  readonly hasSubscriptions = true
  readonly isClonable = false
  #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get isConnected(): boolean {
    return this.#transport.provider.isConnected
  }

  switchTo(transport: Transport): void {
    this.#transport = transport
  }

  clone(): ProviderInterface {
    throw new Error('This provider cannot be cloned.')
  }

  async connect(): Promise<void> {
    // The connection is made before the provider.
  }

  async disconnect(): Promise<void> {
    // Whoever made the connection ends it.
  }

  on(): () => void {
    return () => undefined
  }

  // The interface leaves the result's type to its caller.
  async send<T>(method: string, parameters: unknown[]): Promise<T> {
    return (await this.#transport.call(method, parameters)) as T
  }

  /** Takes the API's subscription to runtime versions, the only one it makes, and never calls back. */
  async subscribe(): Promise<number> {
    return 0
  }

  async unsubscribe(): Promise<boolean> {
    return true
  }
}
