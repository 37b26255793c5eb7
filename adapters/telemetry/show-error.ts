/** What the log tells of an error: never a piece of a body, which is what the messages of parsers quote. */

/** Deeper chains of causes than any of ours. */
const CAUSES_MAX = 5

export type ShownError = {
  readonly type: string
  readonly message: string
  /** A code of Node, Postgres or ours. */
  readonly code?: string | number
  /** Where it came from: the frames alone, since the lines before them repeat the message. */
  readonly stack: string
  readonly cause?: ShownError
}

/** @param thrown - what is not an error is shown as its type */
export function showError(thrown: unknown, causesMax = CAUSES_MAX): ShownError | string {
  if (!(thrown instanceof Error)) return typeof thrown
  const cause = thrown.cause instanceof Error && causesMax > 0 ? showError(thrown.cause, causesMax - 1) : null
  const code = 'code' in thrown ? thrown.code : undefined
  return {
    type: thrown.name,
    // V8 quotes what it could not parse.
    message: thrown instanceof SyntaxError ? 'a text that could not be parsed' : thrown.message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    stack: (thrown.stack ?? '')
      .split('\n')
      .filter((line) => /^ {4}at /.test(line))
      .join('\n'),
    ...(cause !== null && typeof cause !== 'string' && { cause }),
  }
}
