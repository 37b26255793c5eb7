/** `npm run demo`: a spoken sentence becomes text, then a picture, then words again. Everything it judges comes from the API's answers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Config } from '../../config.ts'
import { formatTao } from '../../units.ts'
import { CommandError } from '../admin-client.ts'
import { DemoClient, type Json } from './client.ts'
import { findGateway } from './gateway.ts'
import { type Evidence, judge } from './judge.ts'
import { parseThings } from './words.ts'

export type DemoOptions = {
  readonly config: Config
  /** The program, to start a gateway with. */
  readonly mainFile: string
  readonly rootDirectory: string
  readonly audio?: string
  readonly expect?: string
  readonly out?: string
}

const print = (line: string) => {
  process.stdout.write(`${line}\n`)
}

/** @returns whether everything it checks is as it should be · @throws CommandError no gateway, or one that refuses */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const recording = readRecording(options)
  const gateway = await findGateway(options.config, options.mainFile)
  try {
    const client = new DemoClient(gateway)
    print(`\nYumagate demo at ${gateway.url}: ${recording.name} → text → picture → what is on it\n`)
    const before = readBalance(await client.get('/v1/account'))
    const file = await client.upload(recording.bytes, recording.name)
    const created = await client.post('/v1/pipelines/runs', definition(String(file.id)))
    for await (const event of client.events(`/v1/pipelines/runs/${String(created.id)}/events`))
      showEvent(event)
    const run = await client.get(`/v1/pipelines/runs/${String(created.id)}`)
    const after = readBalance(await client.get('/v1/account'))
    const evidence = await gather(client, { run, before, after, expected: recording.expected })
    const picture = await savePicture(client, run, options.out ?? 'demo-output')
    return report(
      evidence,
      picture,
      parseThings(readFileSync(join(options.rootDirectory, 'devnet/experts/image/vocabulary.tsv'), 'utf8')),
    )
  } finally {
    await gateway.stop()
  }
}

function readRecording({ audio, expect, rootDirectory }: DemoOptions) {
  const file = audio ?? join(rootDirectory, 'examples', 'spoken-request.wav')
  try {
    const expected =
      audio === undefined
        ? readFileSync(join(rootDirectory, 'examples', 'spoken-request.txt'), 'utf8').trim()
        : null
    return { name: basename(file), bytes: readFileSync(file), expected: expect ?? expected }
  } catch (cause) {
    throw new CommandError(
      `The recording ${file} cannot be read: ${cause instanceof Error ? cause.message : 'unknown'}`,
    )
  }
}

/** The main job, as a caller would write it. */
function definition(fileId: string): object {
  return {
    version: 1,
    input: { recording: { $file: fileId } },
    steps: [
      {
        id: 'listen',
        use: 'audio.transcribe',
        with: { file: { $from: '/input/recording' }, response_format: 'verbose_json' },
      },
      {
        id: 'write',
        use: 'chat',
        with: {
          messages: [
            {
              role: 'system',
              content:
                'Write one image prompt for what the transcript asks to paint. Answer with the prompt alone.',
            },
            { role: 'user', content: { $text: ['Transcript: ', { $from: '/steps/listen/text' }] } },
          ],
          max_tokens: 200,
        },
      },
      {
        id: 'paint',
        use: 'image.generate',
        with: { prompt: { $from: '/steps/write/text' }, size: '768x512', seed: 2 },
      },
      { id: 'look', use: 'image.recognize', with: { image: { $from: '/steps/paint/items/0' } } },
    ],
    output: {
      transcript: { $from: '/steps/listen/text' },
      prompt: { $from: '/steps/write/text' },
      picture: { $from: '/steps/paint/items/0' },
      seen: { $from: '/steps/look/description' },
    },
    timeout_s: 300,
  }
}

function showEvent(event: Json): void {
  const step = String(event.step_id ?? '').padEnd(7)
  switch (event.type) {
    case 'step.started':
      print(`  ${step} …`)
      break
    case 'step.retrying':
      print(`  ${step} tried again: ${textOf(event.error)}`)
      break
    case 'step.succeeded':
      print(
        `  ${step} subnet ${textOf(event.netuid)}, miner ${shorten(textOf(event.hotkey))} (uid ${textOf(event.uid)}, incentive ${textOf(event.incentive)}/65535), ` +
          `${textOf(event.attempts)} attempt${event.attempts === 1 ? '' : 's'}, ${textOf(event.ms)} ms, ${formatTao(BigInt(textOf(event.cost_rao)))} TAO`,
      )
      break
    case 'step.failed':
    case 'run.failed':
    case 'run.expired':
      print(`  ${step} ${String(event.type)}: ${textOf(event.error)}`)
      break
    default:
  }
}

const textOf = (value: unknown) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '–')
const shorten = (hotkey: string) =>
  hotkey.length > 16 ? `${hotkey.slice(0, 8)}…${hotkey.slice(-4)}` : hotkey

export type Balance = { readonly availableRao: bigint; readonly heldRao: bigint; readonly spentRao: bigint }

function readBalance(account: Json): Balance {
  return {
    availableRao: BigInt(String(account.available_rao)),
    heldRao: BigInt(String(account.held_rao)),
    spentRao: BigInt(String(account.spent_rao)),
  }
}

type Gathered = {
  readonly run: Json
  readonly before: Balance
  readonly after: Balance
  readonly expected: string | null
}

/** Reads the receipts of the steps, so that the books are judged by what was booked. */
async function gather(client: DemoClient, { run, before, after, expected }: Gathered): Promise<Evidence> {
  const steps = Array.isArray(run.steps) ? (run.steps as Json[]) : []
  const receipts: Json[] = []
  for (const { receipt_id: id } of steps)
    if (typeof id === 'string') receipts.push(await client.get(`/v1/receipts/${id}`))
  return { run, steps, receipts, before, after, expected }
}

async function savePicture(client: DemoClient, run: Json, directory: string): Promise<string | null> {
  const steps = Array.isArray(run.steps) ? (run.steps as Json[]) : []
  const painted = steps.find(({ id }) => id === 'paint')?.output as
    | { items?: { file?: unknown }[] }
    | null
    | undefined
  const fileId = painted?.items?.[0]?.file
  if (typeof fileId !== 'string') return null
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${String(run.id)}.png`)
  writeFileSync(path, await client.download(`/v1/files/${fileId}/content`))
  return path
}

function report(evidence: Evidence, picture: string | null, things: ReadonlyMap<string, string>): boolean {
  const verdict = judge(evidence, things)
  print('')
  if (evidence.expected !== null) print(`  expected     ${evidence.expected}`)
  print(`  transcript   ${verdict.transcript}`)
  if (verdict.errorRate !== null) print(`  word errors  ${(verdict.errorRate * 100).toFixed(1)} %`)
  print(`  prompt       ${verdict.prompt}`)
  print(`  picture      ${picture ?? 'none'}`)
  print(`  seen on it   ${verdict.seen}`)
  print(
    `  recognised   ${verdict.recognised.length} of ${verdict.asked.length} things asked for: ${verdict.recognised.join(', ') || 'none'}`,
  )
  print(
    `  balance      ${formatTao(evidence.before.availableRao)} → ${formatTao(evidence.after.availableRao)} TAO`,
  )
  print(`  receipts     ${evidence.receipts.map(({ id }) => String(id)).join(', ')}`)
  print('')
  for (const { name, passed, detail } of verdict.checks)
    print(`  ${passed ? 'ok   ' : 'WRONG'} ${name}${detail === '' ? '' : `: ${detail}`}`)
  return verdict.checks.every(({ passed }) => passed)
}
