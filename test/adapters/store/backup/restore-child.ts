/** Restores until it is killed, and tells how far it is. Started by `kill.test.ts`, bundled. */
import { createReadStream, writeSync } from 'node:fs'
import { openEmbeddedStore } from '../../../../adapters/store/embedded/open-embedded-store.ts'
import { openServerStore } from '../../../../adapters/store/server/open-server-store.ts'
import { openBackup } from '../../../../src/backup/backup-file.ts'

const [, , file = '', place = '', lines = '', workerFile = '', templateDirectory = ''] = process.argv
let count = 0
/** After the last line it stays where it is, to be killed there. */
const say = async (word: string): Promise<void> => {
  count += 1
  writeSync(1, `${word}\n`)
  if (count === Number(lines)) await new Promise(() => {})
}
const { source } = await openBackup(() => createReadStream(file))
const common = { processId: 'restoring' }
const { store, backup } = place.startsWith('{')
  ? await openServerStore({ ...common, server: JSON.parse(place), poolMax: 2, hasQueue: false })
  : await openEmbeddedStore({ ...common, directory: place, workerFile, templateDirectory })
await say('restoring')
await backup.restore(
  {
    moment: source.moment,
    play: (target) =>
      source.play({
        async rows(table, lines) {
          await say(table)
          await target.rows(table, lines)
        },
        async content(content) {
          await say('content')
          await target.content(content)
        },
      }),
  },
  place.startsWith('{') ? null : async () => undefined,
)
await say('restored')
await store.lifecycle.close()
