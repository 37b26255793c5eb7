/** The command line: which commands there are and what they take. What they do is passed in. */
import { Command, Option } from 'commander'
import type { KeyActions } from './key-commands.ts'
import { createAuditCommand, createKeyCommand } from './key-program.ts'

export type Actions = {
  start(options: { readonly json: boolean; readonly worker: boolean }): Promise<void>
  worker(options: { readonly json: boolean }): Promise<void>
  config(options: { readonly json: boolean }): Promise<void>
  createAccount(
    name: string,
    options: { readonly devnetFund?: string; readonly json: boolean },
  ): Promise<void>
  listAccounts(options: { readonly json: boolean }): Promise<void>
  showAccount(name: string, options: { readonly json: boolean }): Promise<void>
  readonly keys: KeyActions
  backup(file: string): Promise<void>
  restore(file: string, options: { readonly previous?: string }): Promise<void>
  exportLedger(file: string | undefined): Promise<void>
  verifyLedger(options: { readonly json: boolean }): Promise<void>
  demo(options: { readonly audio?: string; readonly expect?: string; readonly out?: string }): Promise<void>
  buildTemplate(): Promise<void>
}

const json = () => new Option('--json', 'print JSON for programs').default(false)

/** @returns the program; parse the arguments with `parseAsync` */
export function createProgram(version: string, actions: Actions): Command {
  const ready = () =>
    new Option('--json', 'print one line of JSON when ready, and nothing else').default(false)
  const program = new Command('yumagate')
    .description(
      'A self-hosted HTTP gateway to Bittensor: the OpenAI API over specialised subnets, paid in TAO.',
    )
    .version(version)
    .showHelpAfterError('(yumagate --help lists the commands)')
    .addHelpText('after', '\nSettings are environment variables: see yumagate config.')

  program
    .command('start', { isDefault: true })
    .description('start the gateway; Ctrl-C or SIGTERM drains and ends it')
    .addOption(ready())
    .option('--no-worker', 'leave the steps of pipelines to workers beside it')
    .action((options) => actions.start(options))

  program
    .command('worker')
    .description('work on the steps of pipelines beside gateways, on the same Postgres; no API')
    .addOption(ready())
    .action((options) => actions.worker(options))

  program
    .command('config')
    .description('list every setting with its default, its value now and the reason for it')
    .addOption(json())
    .action((options) => actions.config(options))

  program.addCommand(createAccountCommand(actions))
  program.addCommand(createKeyCommand(actions.keys))
  program.addCommand(createAuditCommand(actions.keys))

  const ledger = program.command('ledger').description('the books')
  ledger
    .command('verify')
    .description('prove that the books balance (invariants L1 to L7 and K1); exit 1 when one does not hold')
    .addOption(json())
    .action((options) => actions.verifyLedger(options))
  ledger
    .command('export')
    .argument('[file]', 'where to write it (default: standard output)')
    .description('the journal and the balances as lines of JSON, amounts in rao as text')
    .action((file) => actions.exportLedger(file))
  addCopyCommands(program, actions)

  program
    .command('demo')
    .description(
      'a spoken sentence becomes text, then a picture, then words again; starts a gateway when none runs',
    )
    .option('--audio <file>', 'a recording of your own')
    .option('--expect <text>', 'what is said in it, for the word error rate')
    .option('--out <directory>', 'where the picture is written (default: demo-output)')
    .action((options) => actions.demo(options))

  program
    .command('build-template')
    .description('make the template of a fresh database that first starts unpack')
    .action(() => actions.buildTemplate())
  return program
}

function createAccountCommand(actions: Actions): Command {
  const account = new Command('account').description('accounts of a gateway, running or not')
  account
    .command('create')
    .argument('<name>', '1 to 64 letters, digits, ".", "_" or "-"')
    .description('open an account; prints its key, which is shown this once, and its deposit address')
    .option('--devnet-fund <tao>', 'send it TAO of the development chain, and return once it can be spent')
    .addOption(json())
    .action((name, options) => actions.createAccount(name, options))
  account
    .command('list')
    .description('all accounts with their balances')
    .addOption(json())
    .action((options) => actions.listAccounts(options))
  account
    .command('show')
    .argument('<name>', 'name or id of the account')
    .description('one account with its balance and its keys')
    .addOption(json())
    .action((name, options) => actions.showAccount(name, options))
  return account
}

function addCopyCommands(program: Command, actions: Pick<Actions, 'backup' | 'restore'>): void {
  program
    .command('backup')
    .argument('<file>', 'where to write it; it appears when it is whole')
    .description('copy everything that is stored into one file, while the gateway runs or not')
    .action((file) => actions.backup(file))
  program
    .command('restore')
    .argument('<file>', 'a backup')
    .description('fill an empty store, embedded or on Postgres, from a backup; no gateway may run on it')
    .option(
      '--previous <place>',
      'data directory or Postgres URL of the old store: lists what it has beyond the backup',
    )
    .action((file, options) => actions.restore(file, options))
}
