/** The commands about keys and what they take. */
import { Command, Option } from 'commander'
import type { KeyActions } from './key-commands.ts'

const json = () => new Option('--json', 'print JSON for programs').default(false)
const collect = (value: string, values: readonly string[] = []) => [...values, value]

export function createKeyCommand(actions: KeyActions): Command {
  const key = new Command('key').description(
    'API keys: what they may do, from where, how often, for how much',
  )
  withLimits(key.command('create'))
    .argument('<account>', 'name or id of the account that pays')
    .description('add a key; prints its text, which is shown this once')
    .action((account, options) => actions.create(account, options))
  key
    .command('list')
    .argument('[account]', 'of this account only, by name or id')
    .description('all keys with their limits')
    .addOption(json())
    .action((account, options) => actions.list(account, options))
  key
    .command('show')
    .argument('<key>', 'id of the key, such as key_1f…')
    .description('one key with its limits and what it has spent of its budget')
    .addOption(json())
    .action((keyId, options) => actions.show(keyId, options))
  withLimits(key.command('limit'))
    .argument('<key>', 'id of the key')
    .description('change the limits that are named; none takes one away')
    .action((keyId, options) => actions.limit(keyId, options))
  key
    .command('rotate')
    .argument('<key>', 'id of the key')
    .description('add a key that takes the place of this one, with its limits and what was used of them')
    .option('--overlap <time>', 'how long the old key goes on, such as 15m or 7d', '24h')
    .addOption(json())
    .action((keyId, options) => actions.rotate(keyId, options))
  key
    .command('revoke')
    .argument('<key>', 'id of the key')
    .description('end a key at once, for good')
    .addOption(json())
    .action((keyId, options) => actions.revoke(keyId, options))
  return key
}

export function createAuditCommand(actions: Pick<KeyActions, 'audit'>): Command {
  return new Command('audit')
    .description('who changed accounts and keys: what, when, from where; newest first')
    .option('--limit <lines>', 'at most so many', '50')
    .addOption(json())
    .action((options) => actions.audit(options))
}

function withLimits(command: Command): Command {
  return command
    .option('--name <text>', 'what people call it')
    .option('--expires <when>', 'after a time (30d), at a date (2027-01-31), or never')
    .option(
      '--capability <kind>',
      'may do this: chat, audio.transcribe, image.recognize, image.generate; repeat',
      collect,
    )
    .option('--model <name>', 'may use this model; repeat', collect)
    .option('--ip <network>', 'may be used from here, such as 192.0.2.0/24; repeat', collect)
    .option('--requests-per-minute <count>', 'requests that ask for work')
    .option('--tokens-per-minute <count>', 'tokens of chat, in and out')
    .option('--rao-per-minute <rao>', 'what it may spend in a minute, in rao')
    .option('--budget <tao>', 'what it may spend in a period, in TAO')
    .option('--budget-period <period>', 'total, day or month (UTC); default: total')
    .addOption(json())
}
