/** Reads compose.yaml and the Dockerfile as far as they say how our services and their servers are run. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

export const ROOT = resolve(import.meta.dirname, '../..')

const words = z.array(z.string())

const healthCheck = z.strictObject({
  test: words.min(2),
  interval: z.string(),
  timeout: z.string(),
  start_period: z.string(),
  retries: z.number().int(),
})

const service = z.strictObject({
  image: z.string(),
  build: z.literal('.').optional(),
  profiles: words.length(1),
  init: z.boolean().optional(),
  stop_grace_period: z.string().optional(),
  restart: z.literal('unless-stopped'),
  read_only: z.boolean().optional(),
  tmpfs: words.optional(),
  shm_size: z.string().optional(),
  cap_drop: words.optional(),
  security_opt: words.optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: words.default([]),
  ports: words.default([]),
  volumes: words.default([]),
  networks: words.optional(),
  network_mode: z.string().optional(),
  healthcheck: healthCheck.optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).default({}),
})

/** All that compose.yaml makes use of; anything else is refused, so that a test learns of it. */
const composition = z.strictObject({
  name: z.string(),
  'x-yumagate': z.unknown(),
  'x-servers': z.unknown(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean() })),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

export type Service = z.infer<typeof service>

export const composeText = readFileSync(resolve(ROOT, 'compose.yaml'), 'utf8')
export const rawComposition: unknown = parse(composeText, { merge: true })
export const compose = composition.parse(rawComposition)

/** Services that run our own image. */
export const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)

/** Which folder or named volume lies where, and whether it may be written. */
export const mountsOf = ({ volumes }: Service) =>
  volumes.map((text) => {
    const [source = '', target = '', mode = 'rw'] = text.split(':')
    return { source, target, mode }
  })

/** Services in an order in which each comes after those that it depends on. @throws Error they wait for each other */
export function startOrder(profile: string): readonly (readonly [string, Service])[] {
  const wanted = Object.entries(compose.services).filter(([, { profiles }]) => profiles.includes(profile))
  const ordered: (readonly [string, Service])[] = []
  while (ordered.length < wanted.length) {
    const next = wanted.find(
      ([name, { depends_on }]) =>
        !ordered.some(([done]) => done === name) &&
        Object.keys(depends_on).every((needed) => ordered.some(([done]) => done === needed)),
    )
    if (!next) throw new Error('The services wait for each other.')
    ordered.push(next)
  }
  return ordered
}

type Instruction = { readonly name: string; readonly rest: string }

/** The instructions of the Dockerfile, stage by stage, with continued lines joined. */
export function readStages(): readonly (readonly Instruction[])[] {
  const text = readFileSync(resolve(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
  const stages: Instruction[][] = []
  for (const line of text.split('\n').filter(Boolean)) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, rest })
  }
  return stages
}

const last = (name: string): string => {
  const found = readStages()
    .at(-1)
    ?.findLast((instruction) => instruction.name === name)
  if (!found) throw new Error(`The Dockerfile's last stage has no ${name}.`)
  return found.rest
}

const parseWords = (text: string) => words.parse(JSON.parse(text.slice(text.indexOf('['))))

/** What the image says of itself. */
export const image = {
  user: last('USER'),
  volume: last('VOLUME'),
  port: Number(last('EXPOSE')),
  entrypoint: parseWords(last('ENTRYPOINT')),
  command: parseWords(last('CMD')),
  healthCheck: parseWords(last('HEALTHCHECK').split(' CMD ')[1] ?? ''),
  environment: Object.fromEntries(
    last('ENV')
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  ),
} as const
