/** Bounds on one call to a miner. Every one of them is a limit on what a stranger's server can make us hold or wait for. */
export type MinerLimits = {
  /** Until a connection stands. Coarse: checked about twice a second. */
  readonly connectTimeoutMs: number
  /** Longest silence inside a stream; comments count as life. */
  readonly stallTimeoutMs: number
  /** Servers that we keep connections to; the longest unused one without a call is closed for a new one. */
  readonly originsMax: number
  /** Calls under way at one server; more are refused as busy. */
  readonly inFlightMax: number
  /** Of all header lines of an answer. */
  readonly headerBytesMax: number
  /** Of one line of a stream. */
  readonly lineBytesMax: number
  /** Of a whole stream. */
  readonly streamBytesMax: number
  /** Of a whole chat completion or transcript. */
  readonly answerBytesMax: number
  /** Of an answer with pictures in base64. */
  readonly imageAnswerBytesMax: number
}

/** What one server may cost us when nothing else is configured. */
export const MINER_LIMITS: MinerLimits = {
  connectTimeoutMs: 3_000,
  stallTimeoutMs: 30_000,
  originsMax: 512, // Two full subnets of 256 slots.
  inFlightMax: 512,
  headerBytesMax: 16_384, // What Node's own parser takes.
  lineBytesMax: 8 * 1024 * 1024,
  streamBytesMax: 64 * 1024 * 1024,
  answerBytesMax: 16 * 1024 * 1024,
  imageAnswerBytesMax: 96 * 1024 * 1024, // Ten pictures of 7 MB in base64.
}
