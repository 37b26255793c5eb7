/** Hands out TAO on the development chain: a real, signed transfer from a development account, watched until it is final. */
import { addressToAccount } from './hashing.ts'
import { type DevelopmentKey, deriveKey } from './keys.ts'
import { FAUCET_KEY_URI } from './neurons.ts'
import { RpcClient } from './rpc/client.ts'
import { type RuntimeCall, runtimeCall } from './runtime/calls.ts'
import { decodeEvents } from './runtime/events.ts'
import { encodeSignedExtrinsic, signedPayload } from './runtime/extrinsic.ts'
import { FIRST_RUNTIME } from './runtime/version.ts'
import { fromHex, toHex } from './scale/bytes.ts'
import { encode } from './scale/codec.ts'

export type FaucetPayment = {
  readonly blockNumber: number
  readonly blockHash: string
  /** ss58. */
  readonly from: string
  /** ss58. */
  readonly to: string
  readonly amountRao: bigint
}

export interface Faucet {
  /**
   * Transfers and waits until the block is final. Payments of one faucet stand in line.
   *
   * @throws Error when the address is not one, the chain refuses the transfer or it fails there, or `timeoutMs` has passed
   */
  send(payment: { readonly to: string; readonly amountRao: bigint }): Promise<FaucetPayment>
}

export type FaucetOptions = {
  readonly endpoint: string
  /** Account that pays. Default: the faucet's own. */
  readonly keyUri?: string
  /** For one payment. Default: 30 s, many blocks. */
  readonly timeoutMs?: number
}

/** Where a call ended up. */
export type Inclusion = { readonly blockNumber: number; readonly blockHash: string }

const TIMEOUT_MS_DEFAULT = 30_000

export function createFaucet(options: FaucetOptions): Faucet {
  let last: Promise<unknown> = Promise.resolve()
  return {
    send: async ({ to, amountRao }) => {
      const call = transferCall(addressToAccount(to), amountRao)
      // Each waits for the one before it: two at once would ask for the same nonce.
      const payment = last.then(async () => {
        const key = await deriveKey(options.keyUri ?? FAUCET_KEY_URI)
        return { ...(await submitCall(call, key, options)), from: key.address, to, amountRao }
      })
      // The next one in line does not care how this one ended.
      last = payment.catch(() => undefined)
      return payment
    },
  }
}

/** A transfer that never empties the sender. */
export function transferCall(toAccount: string, amountRao: bigint): RuntimeCall {
  const dest = { kind: 'Id', value: { _0: toAccount } } as const
  return {
    kind: 'Balances',
    value: { _0: { kind: 'transfer_keep_alive', value: { dest, value: amountRao } } },
  }
}

/** Signs a call, submits it, waits until it is final, and looks whether it did what it said. @throws Error otherwise */
export async function submitCall(
  call: RuntimeCall,
  key: DevelopmentKey,
  { endpoint, timeoutMs = TIMEOUT_MS_DEFAULT }: Pick<FaucetOptions, 'endpoint' | 'timeoutMs'>,
): Promise<Inclusion> {
  const client = await RpcClient.connect(endpoint, timeoutMs)
  try {
    const extrinsic = await signCall(call, key, client)
    const blockHash = await client.watch(extrinsic)
    const block = await client.readBlock(blockHash)
    const index = block.extrinsics.indexOf(extrinsic)
    const hasFailed = decodeEvents(fromHex(block.events)).some(
      ({ phase, event }) =>
        phase.kind === 'ApplyExtrinsic' &&
        phase.value._0 === index &&
        event.kind === 'System' &&
        event.value._0.kind === 'ExtrinsicFailed',
    )
    if (index === -1 || hasFailed) throw new Error('The transaction failed on the chain; its fee was taken.')
    return { blockNumber: block.number, blockHash }
  } finally {
    client.close()
  }
}

/** Signs a call for ever (an immortal era), with the account's next nonce. @returns the extrinsic, hex */
export async function signCall(call: RuntimeCall, key: DevelopmentKey, client: RpcClient): Promise<string> {
  const [genesisHash, specVersion, nonce] = await Promise.all([
    client.readGenesisHash(),
    client.readSpecVersion(),
    client.readNextNonce(key.address),
  ])
  const terms = { era: 0, nonce, tipRao: 0n }
  const callBytes = encode(runtimeCall, call)
  const payload = signedPayload(callBytes, terms, {
    runtime: { ...FIRST_RUNTIME, specVersion },
    genesisHash,
    eraHash: genesisHash,
  })
  const signatureHex = toHex(key.sign(payload))
  return toHex(encodeSignedExtrinsic({ signer: key.account, signatureHex, terms, callBytes }))
}
