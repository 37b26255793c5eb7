/** What a chat that is paid for carries with it, and its usage as the caller sees it. */
import type { Prompt } from '../billing/prompt.ts'
import type { Receipt } from '../ports/ledger.ts'
import type { ChatUsage } from './chat-answer.ts'
import type { ChatOrder } from './complete.ts'
import type { Admission, Caller } from './pay.ts'
import type { Performed } from './perform.ts'

export type PaidChat = {
  readonly caller: Caller
  readonly order: ChatOrder
  readonly prompt: Prompt
  readonly admission: Admission
  readonly performed: Performed
  /** All choices together may have so many tokens; more is not charged, and much more is cut. */
  readonly outputTokensMax: number
}

export const tokenUnits = (input: number, output: number) => ({
  input_token: BigInt(input),
  output_token: BigInt(output),
})

export function writeUsage(inputTokens: number, outputTokens: number, receipt: Receipt): ChatUsage {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    cost_rao: receipt.capturedRao.toString(),
    receipt_id: receipt.id,
  }
}
