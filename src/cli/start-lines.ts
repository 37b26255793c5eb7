/** What `npm start` prints: progress while it works, then everything a newcomer needs to make the first call. */
import type { ExpertStatus } from '../network/directory.ts'
import { formatTao } from '../units.ts'

export type StartFacts = {
  readonly version: string
  readonly profile: string
  readonly dataDirectory: string
  readonly url: string
  readonly chain: {
    readonly endpoints: readonly string[]
    readonly block: number | null
    readonly genesis: string | null
    readonly problem: string | null
  }
  readonly experts: readonly ExpertStatus[]
  readonly demo: { readonly key: string; readonly availableRao: bigint } | null
  /** Path of a recording for the third line, as it is typed in the repository's folder. */
  readonly recording: string
  readonly tookMs: number
}

/** The lines, in order. */
export function writeStartLines(facts: StartFacts): string {
  const { chain, demo } = facts
  const lines = [
    '',
    `Yumagate ${facts.version}, profile ${facts.profile}, ready after ${(facts.tookMs / 1000).toFixed(1)} s`,
    `  data        ${facts.dataDirectory}`,
    `  chain       ${chain.endpoints.join(', ')}${chain.block === null ? '' : `, block ${chain.block}`}${chain.genesis === null ? '' : `, genesis ${chain.genesis.slice(0, 10)}…`}`,
    ...(chain.problem === null ? [] : [`              ${chain.problem}`]),
    ...facts.experts.map(writeExpert),
    `  base URL    ${facts.url}/v1`,
  ]
  if (demo) {
    lines.push(
      `  demo key    ${demo.key}`,
      `  balance     ${formatTao(demo.availableRao)} TAO`,
      '',
      'Try it:',
      ...writeCurls(facts, demo.key),
    )
  }
  return `${lines.join('\n')}\n`
}

function writeExpert(expert: ExpertStatus): string {
  const where =
    expert.netuid === null
      ? `server ${expert.name}`
      : `subnet ${expert.netuid}${expert.mechid === 0 ? '' : `.${expert.mechid}`}`
  const count = expert.problem ?? `${expert.callable} callable of ${expert.total}`
  return `  ${where.padEnd(12)}${expert.models.join(', ')}: ${count}`
}

/** Three lines that work when pasted. */
export function writeCurls(
  { url, recording }: Pick<StartFacts, 'url' | 'recording'>,
  key: string,
): readonly string[] {
  const auth = `-H "Authorization: Bearer ${key}"`
  const json = '-H "Content-Type: application/json"'
  const chat = `{"model":"yuma-text","messages":[{"role":"user","content":"What is 12 times 7?"}]}`
  return [
    `  curl ${url}/v1/chat/completions ${auth} ${json} -d '${chat}'`,
    `  curl ${url}/v1/audio/transcriptions ${auth} -F model=yuma-transcribe -F file=@${recording}`,
    `  curl ${url}/v1/images/generations ${auth} ${json} -d '{"prompt":"a red fox under a tree at night","size":"512x512","response_format":"url"}'`,
  ]
}

/** The one line of `--json`. */
export function writeReadyLine(facts: StartFacts): string {
  return `${JSON.stringify({
    ready: true,
    url: facts.url,
    base_url: `${facts.url}/v1`,
    key: facts.demo?.key ?? null,
    balance_rao: facts.demo?.availableRao.toString() ?? null,
    version: facts.version,
    profile: facts.profile,
    data_directory: facts.dataDirectory,
    chain: facts.chain,
    experts: facts.experts.map(({ name, netuid, mechid, models, callable, total, problem }) => ({
      name,
      netuid,
      mechid,
      models,
      callable,
      total,
      problem,
    })),
    pid: process.pid,
    took_ms: Math.round(facts.tookMs),
  })}\n`
}
