/** The RPC methods that answer again and again. */
import { z } from 'zod'
import type { BlockChain } from '../block-chain.ts'
import { versionJson } from '../runtime/version.ts'
import { headerJson } from '../state/block.ts'
import { parse, readStorage } from './methods.ts'

export type Subscription = {
  /** Method that ends it. */
  readonly unsubscribe: string
  /** Method name of what is pushed. */
  readonly notification: string
  /** Begins to push. @returns the function that stops it */
  start(parameters: readonly unknown[], push: (result: unknown) => void): () => void
}

export function subscriptions(chain: BlockChain): Readonly<Record<string, Subscription>> {
  return {
    chain_subscribeNewHeads: heads(chain, 'head', 'NewHeads'),
    chain_subscribeNewHead: heads(chain, 'head', 'NewHead'),
    chain_subscribeAllHeads: heads(chain, 'head', 'AllHeads'),
    chain_subscribeFinalizedHeads: heads(chain, 'finalized', 'FinalizedHeads'),
    state_subscribeRuntimeVersion: {
      unsubscribe: 'state_unsubscribeRuntimeVersion',
      notification: 'state_runtimeVersion',
      start: (_, push) => {
        push(versionJson(chain.head.runtime))
        return chain.listen(({ kind, block }) => {
          if (kind === 'runtime') push(versionJson(block.runtime))
        })
      },
    },
    state_subscribeStorage: {
      unsubscribe: 'state_unsubscribeStorage',
      notification: 'state_storage',
      start: (parameters, push) => watchStorage(chain, parameters, push),
    },
    author_submitAndWatchExtrinsic: {
      unsubscribe: 'author_unwatchExtrinsic',
      notification: 'author_extrinsicUpdate',
      start: (parameters, push) => {
        const [extrinsic] = parse(z.tuple([z.string()]), parameters)
        chain.pool.submit(extrinsic, push)
        return () => undefined
      },
    },
  }
}

const HEAD_NOTIFICATIONS = {
  NewHeads: 'chain_newHead',
  NewHead: 'chain_newHead',
  AllHeads: 'chain_allHead',
  FinalizedHeads: 'chain_finalizedHead',
} as const

function heads(
  chain: BlockChain,
  wanted: 'head' | 'finalized',
  name: keyof typeof HEAD_NOTIFICATIONS,
): Subscription {
  return {
    unsubscribe: `chain_unsubscribe${name}`,
    notification: HEAD_NOTIFICATIONS[name],
    start: (_, push) => {
      push(headerJson(wanted === 'head' ? chain.head : chain.finalized))
      return chain.listen(({ kind, block }) => {
        if (kind === wanted) push(headerJson(block))
      })
    },
  }
}

function watchStorage(
  chain: BlockChain,
  parameters: readonly unknown[],
  push: (result: unknown) => void,
): () => void {
  const [keys] = parse(z.tuple([z.array(z.string())]), parameters)
  const last = new Map<string, string | null>()
  const report = (isFirst: boolean) => {
    const { hash } = chain.head
    const changes = keys
      .map((key) => [key, readStorage(chain, key.toLowerCase(), hash)] as const)
      .filter(([key, value]) => isFirst || last.get(key) !== value)
    for (const [key, value] of changes) last.set(key, value)
    if (changes.length > 0) push({ block: hash, changes })
  }
  report(true)
  return chain.listen(({ kind }) => {
    if (kind === 'head') report(false)
  })
}
