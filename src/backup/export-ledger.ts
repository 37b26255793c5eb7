/** The journal as text: what an accountant, or another program, adds up again. */
import type { StoreBackup } from '../ports/backup.ts'

/** @param write - gets whole lines of JSON, and resolves when more may come */
export function exportLedger(
  backup: Pick<StoreBackup, 'exportLedger'>,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  return backup.exportLedger((lines) => write(Buffer.from(`${lines.join('\n')}\n`)))
}
