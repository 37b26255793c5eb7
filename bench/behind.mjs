/** What puts a benchmark's upstream behind a gateway, and an account with money before it. */
import { execFileSync } from 'node:child_process'
import { root } from './processes.mjs'

/** The subnets file of one model on one OpenAI-compatible server. Prices in rao per million tokens. */
export function subnetsFile({
  name,
  model,
  upstreamUrl,
  concurrencyPerMiner,
  inputRao,
  outputRao,
  more = {},
}) {
  return {
    version: 1,
    experts: [
      {
        name,
        dialect: 'openai',
        url: `${upstreamUrl}/v1`,
        concurrencyPerMiner,
        models: [{ id: model, capabilities: ['chat'], ...more }],
      },
    ],
    prices: {
      [model]: [
        { meter: 'input_token', rao: inputRao, per: '1000000' },
        { meter: 'output_token', rao: outputRao, per: '1000000' },
      ],
    },
    allowLoopbackMiners: true,
  }
}

/** @param env - the settings of the running gateway · @returns the account's key */
export function createAccount(name, env) {
  const text = execFileSync(
    process.execPath,
    ['dist/main.mjs', 'account', 'create', name, '--devnet-fund', '100', '--json'],
    { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8' },
  )
  return JSON.parse(text).key
}
