/** The port to the log. Facts first, then a sentence; facts hold no key, prompt or answer. */
export interface Logger {
  error(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  debug(facts: object, sentence: string): void
}
