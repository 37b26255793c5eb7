/** A development chain in a fresh directory, moved by hand, and the few things tests do to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signCall, transferCall } from '../../../devnet/chain/faucet.ts'
import { addressToAccount } from '../../../devnet/chain/hashing.ts'
import { type DevnetChain, type DevnetChainOptions, startDevnetChain } from '../../../devnet/chain/index.ts'
import { deriveKey } from '../../../devnet/chain/keys.ts'
import { RpcClient } from '../../../devnet/chain/rpc/client.ts'
import type { RuntimeCall } from '../../../devnet/chain/runtime/calls.ts'

export type Stage = DevnetChain & {
  readonly directory: string
  /** Signs with a development key and puts it into the pool. @returns its hash */
  submit(uri: string, call: RuntimeCall): Promise<string>
  /** Puts a transfer of `//Alice` into the pool. */
  transfer(to: string, amountRao: bigint): Promise<string>
  client(): Promise<RpcClient>
}

/** Starts a chain that makes blocks when it is told to, each final at once unless said otherwise. */
export async function startStage(options: Partial<DevnetChainOptions> = {}): Promise<Stage> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'devnet-chain-')))
  const chain = await startDevnetChain({ directory, blockMs: 0, finalityLag: 0, ...options })
  const client = () => RpcClient.connect(chain.endpoint, 30_000)
  const submit = async (uri: string, call: RuntimeCall) => {
    const rpc = await client()
    try {
      const extrinsic = await signCall(call, await deriveKey(uri), rpc)
      return (await rpc.call('author_submitExtrinsic', [extrinsic])) as string
    } finally {
      rpc.close()
    }
  }
  return {
    ...chain,
    directory,
    client,
    submit,
    transfer: (to, amountRao) => submit('//Alice', transferCall(addressToAccount(to), amountRao)),
    close: async () => {
      await chain.close()
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

/** ss58 of a development key. */
export const addressOf = async (uri: string): Promise<string> => (await deriveKey(uri)).address
