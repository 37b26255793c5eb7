/** The ledger's accounts `revenue:<capability>`, made when they are first needed. */
import type { Database } from './database.ts'

export type RevenueAccounts = {
  /** Makes sure that each of these capabilities has its account. Free when they are known already. */
  prepare(capabilities: readonly string[]): Promise<void>
}

export function revenueAccounts(database: Database): RevenueAccounts {
  const known = new Set<string>()
  return {
    async prepare(capabilities) {
      const missing = new Set(capabilities.filter((capability) => !known.has(capability)))
      if (missing.size === 0) return
      await database.query(
        `insert into yumagate.ledger_account (name, kind)
           select 'revenue:' || capability, 'income' from unnest($1::text[]) as capability
           on conflict (name) do nothing`,
        [[...missing]],
      )
      for (const capability of missing) known.add(capability)
    },
  }
}
