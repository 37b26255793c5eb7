/** The program: reads settings and arguments, runs one command, ends with a clear line and exit 1 when it cannot. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTemplate } from '../adapters/store/embedded/open-embedded-store.ts'
import { createLogger } from '../adapters/telemetry/logger.ts'
import { openCommandDesk } from './assembly/command-desk.ts'
import { createCopyPlace } from './assembly/copies.ts'
import { type ProgramFiles, StartError } from './assembly/files.ts'
import { startGateway } from './assembly/gateway.ts'
import { verifyBooks } from './assembly/verify-books.ts'
import { startWorker } from './assembly/worker.ts'
import { askAdmin, CommandError } from './cli/admin-client.ts'
import { runBackup, runExport, runRestore } from './cli/backup-commands.ts'
import {
  createAccount,
  listAccounts,
  printConfig,
  printReport,
  showAccount,
  type WithGateway,
} from './cli/commands.ts'
import { runDemo } from './cli/demo/run-demo.ts'
import { createKeyActions } from './cli/key-commands.ts'
import { type Actions, createProgram } from './cli/program.ts'
import { findRunning } from './cli/run-file.ts'
import { writeReadyLine, writeStartLines } from './cli/start-lines.ts'
import { writeWorkerLines, writeWorkerReadyLine } from './cli/worker-lines.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { BackupError } from './ports/backup.ts'
import type { LedgerReport } from './ports/ledger.ts'

const distDirectory = dirname(fileURLToPath(import.meta.url))
const files: ProgramFiles = { distDirectory, rootDirectory: join(distDirectory, '..') }
const { version } = JSON.parse(readFileSync(join(files.rootDirectory, 'package.json'), 'utf8')) as {
  version: string
}

const startOptions = (config: Config, json: boolean) => ({
  ...{ config, files, version, log: createLogger(config.logLevel) },
  progress: (line: string) => {
    if (!json) process.stderr.write(`${line}\n`)
  },
})

const start: Actions['start'] = async ({ json, worker }) => {
  const config = readConfig()
  const gateway = await startGateway(startOptions(config, json), { isWorking: worker })
  endOnSignals(gateway, config)
  const facts = await gateway.readFacts()
  process.stdout.write(json ? writeReadyLine(facts) : writeStartLines(facts))
}

const work: Actions['worker'] = async ({ json }) => {
  const config = readConfig()
  const worker = await startWorker(startOptions(config, json))
  endOnSignals(worker, config)
  const { url, tookMs } = worker
  process.stdout.write((json ? writeWorkerReadyLine : writeWorkerLines)({ version, url, tookMs }))
}

const SAME_SIGNAL_MS = 1_000

/** Drains once; a second signal ends at once. */
function endOnSignals(
  running: { close(drainMs: number, noticeMs: number): Promise<void> },
  { drainMs, drainNoticeMs }: Config,
): void {
  let endingSinceMs: number | null = null
  const end = (signal: string) => {
    if (endingSinceMs !== null) {
      // Ctrl-C under npm arrives twice at once: from the terminal, and handed on by npm.
      if (performance.now() - endingSinceMs > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    endingSinceMs = performance.now()
    process.stderr.write(
      `\n${signal}: ending after running answers (at most ${drainMs / 1000} s; again to end at once) …\n`,
    )
    running.close(drainMs, drainNoticeMs).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(
          `The end was not clean: ${error instanceof Error ? error.message : String(error)}\n`,
        )
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => end('SIGTERM'))
  process.on('SIGINT', () => end('SIGINT'))
}

/** Asks the running gateway; else, on a server, the store itself; else a gateway that is started for the moment. */
const withGateway: WithGateway = async (work) => {
  const config = readConfig()
  const running = findRunning(config.dataDirectory)
  if (running) return await work(running)
  if (config.database !== null) {
    const desk = await openCommandDesk({ config, files, log: createLogger(config.logLevel) })
    try {
      return await work(desk)
    } finally {
      await desk.close()
    }
  }
  const gateway = await startGateway(startOptions({ ...config, port: 0 }, true), { isWorking: false })
  try {
    return await work({ admin: { url: gateway.adminUrl, token: gateway.adminToken } })
  } finally {
    await gateway.close(0, 0)
  }
}

const copyPlace = () => createCopyPlace({ config: readConfig(), files, version })

const actions: Actions = {
  start,
  worker: work,
  config: printConfig,
  createAccount: (name, options) => createAccount(name, options, withGateway),
  listAccounts: (options) => listAccounts(options, withGateway),
  showAccount: (name, options) => showAccount(name, options, withGateway),
  keys: createKeyActions(withGateway),
  async verifyLedger(options) {
    const config = readConfig()
    // On a server the books are read there. The embedded ones are its gateway's while one runs.
    const running = config.database === null ? findRunning(config.dataDirectory) : null
    // The admin door answers with the report as the ledger makes it.
    const report = running
      ? ((await askAdmin(running, { method: 'GET', path: '/ledger/verify' })) as unknown as LedgerReport)
      : await verifyBooks(config, files)
    if (!printReport(report, options)) process.exitCode = 1
  },
  backup: (file) => runBackup(file, copyPlace()),
  async restore(file, options) {
    if (!(await runRestore(file, options, copyPlace()))) process.exitCode = 1
  },
  exportLedger: (file) => runExport(file ?? null, copyPlace()),
  async demo(options) {
    const isPassed = await runDemo({
      config: readConfig(),
      mainFile: join(distDirectory, 'main.mjs'),
      rootDirectory: files.rootDirectory,
      ...options,
    })
    if (!isPassed) process.exitCode = 1
  },
  async buildTemplate() {
    await buildTemplate({
      workerFile: join(distDirectory, 'store-thread.mjs'),
      templateDirectory: join(distDirectory, 'template'),
    })
  },
}

// A reader that has left (`| head`, a closed terminal) ends no gateway without a drain, and no command with a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

createProgram(version, actions)
  .parseAsync()
  .catch((error: unknown) => {
    const isPlain =
      error instanceof ConfigError ||
      error instanceof StartError ||
      error instanceof CommandError ||
      error instanceof BackupError
    const text =
      error instanceof Error ? (isPlain ? error.message : (error.stack ?? error.message)) : String(error)
    process.stderr.write(`yumagate: ${text}\n`)
    process.exit(1)
  })
