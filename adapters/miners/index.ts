/** The wire protocols that miners speak. To add one: a folder beside these, a line here, a call of the contract test. */
export { createBtauth1Dialect, type SignedDialectSettings } from './btauth1/index.ts'
export { createDendrite10Dialect, type DendriteSettings } from './dendrite10/index.ts'
export { createOpenAIDialect } from './openai/index.ts'
export type { DialectSettings } from './wire/dialect.ts'
export { MINER_LIMITS, type MinerLimits } from './wire/limits.ts'
