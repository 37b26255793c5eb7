/** Judges a run of the demo from the API's answers alone. Pure. */
import { formatTao } from '../../units.ts'
import type { Json } from './client.ts'
import type { Balance } from './run-demo.ts'
import { listThings, type Things, wordErrorRate } from './words.ts'

/** Most words may be right for the demo to count as heard. */
const ERROR_RATE_MAX = 0.2

export type Evidence = {
  readonly run: Json
  readonly steps: readonly Json[]
  readonly receipts: readonly Json[]
  readonly before: Balance
  readonly after: Balance
  /** What was said; null when nobody told. */
  readonly expected: string | null
}

export type Check = { readonly name: string; readonly passed: boolean; readonly detail: string }

export type Verdict = {
  readonly transcript: string
  /** Null without an expected text. */
  readonly errorRate: number | null
  readonly prompt: string
  readonly seen: string
  /** Things that the prompt asked to paint. */
  readonly asked: readonly string[]
  /** Those of them that were recognised on the picture. */
  readonly recognised: readonly string[]
  readonly checks: readonly Check[]
}

export function judge(evidence: Evidence, things: Things): Verdict {
  const output = (id: string) => {
    const value = evidence.steps.find((step) => step.id === id)?.output
    return (typeof value === 'object' && value !== null ? value : {}) as {
      text?: unknown
      description?: unknown
      labels?: unknown
    }
  }
  const transcript = String(output('listen').text ?? '')
  const prompt = String(output('write').text ?? '')
  const seen = String(output('look').description ?? '')
  const asked = listThings(prompt, things)
  const labels = Array.isArray(output('look').labels) ? (output('look').labels as { name?: unknown }[]) : []
  const labelled = new Set(labels.flatMap(({ name }) => listThings(String(name ?? ''), things)))
  const recognised = asked.filter((thing) => labelled.has(thing))
  const errorRate = evidence.expected === null ? null : wordErrorRate(evidence.expected, transcript)
  return {
    transcript,
    errorRate,
    prompt,
    seen: seen || [...labelled].join(', ') || 'nothing',
    asked,
    recognised,
    checks: [
      {
        name: 'the run succeeded',
        passed: evidence.run.status === 'succeeded',
        detail: String(evidence.run.status),
      },
      ...checkHearing(evidence.expected, transcript, { errorRate, things }),
      {
        name: 'most of what the prompt asked to paint is recognised on the picture',
        passed: asked.length > 0 && recognised.length * 2 > asked.length,
        detail: `${recognised.length} of ${asked.length}`,
      },
      checkBooks(evidence),
    ],
  }
}

function checkHearing(
  expected: string | null,
  transcript: string,
  { errorRate, things }: { errorRate: number | null; things: Things },
): readonly Check[] {
  if (expected === null || errorRate === null) {
    return [
      {
        name: 'something was heard',
        passed: transcript.trim() !== '',
        detail: 'no --expect, so no word error rate',
      },
    ]
  }
  const wanted = listThings(expected, things).sort()
  const heard = listThings(transcript, things).sort()
  return [
    {
      name: `at most ${ERROR_RATE_MAX * 100} % of the words are wrong`,
      passed: errorRate <= ERROR_RATE_MAX,
      detail: `${(errorRate * 100).toFixed(1)} %`,
    },
    {
      name: 'the things heard are those that were said',
      passed: wanted.join() === heard.join(),
      detail: heard.join(', '),
    },
  ]
}

/** What left the balance is what the receipts say, is what the run says; nothing is held any more. */
function checkBooks({ run, receipts, before, after }: Evidence): Check {
  const receiptsRao = receipts.reduce((sum, receipt) => sum + BigInt(String(receipt.captured_rao)), 0n)
  const cost = (run.cost ?? {}) as { captured_rao?: unknown; held_rao?: unknown; released_rao?: unknown }
  const runRao = BigInt(String(cost.captured_rao ?? '-1'))
  const leftRao = before.availableRao - after.availableRao
  const spentRao = after.spentRao - before.spentRao
  const isWhole = BigInt(String(cost.held_rao ?? '0')) === runRao + BigInt(String(cost.released_rao ?? '0'))
  return {
    name: 'the books balance',
    passed:
      receiptsRao === runRao &&
      leftRao === runRao &&
      spentRao === runRao &&
      isWhole &&
      after.heldRao === before.heldRao &&
      runRao > 0n,
    detail: `${formatTao(runRao)} TAO charged, ${formatTao(receiptsRao)} on receipts, ${formatTao(leftRao)} left the balance`,
  }
}
