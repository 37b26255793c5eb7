/**
 * Tries what the container's image promises, by running it: `node scripts/check-image.mjs TAG`, called by scripts/image.sh, which sets
 * where images are kept. Prints a line per check and ends with `N passed, N failed`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, start } from './image-runner.mjs'

const SIZE_MB_MAX = 600
const USER = { name: 'node', id: 1000 }
/** Names that have no business in the image. */
const UNWANTED =
  /^app\/((test|bench|docs|data|src|routers|adapters)(\/|$)|.*\/training(\/|$)|node_modules\/(vitest|typescript|esbuild|@polkadot|@biomejs)(\/|$)|.*(darwin|win32|arm64|musl))/

const [, , tag] = process.argv
if (tag === undefined) throw new Error('Name the image.')

const buildah = (...words) => execFileSync('buildah', words, { encoding: 'utf8' }).trim()
const results = { passed: 0, failed: 0 }

async function check(title, work) {
  try {
    const said = await work()
    results.passed += 1
    process.stdout.write(`ok     ${title}${said ? `: ${said}` : ''}\n`)
  } catch (error) {
    results.failed += 1
    process.stdout.write(`FAILED ${title}: ${error instanceof Error ? error.message : error}\n`)
  }
}

function expect(isTrue, otherwise) {
  if (!isTrue) throw new Error(otherwise)
}

const inspected = JSON.parse(buildah('inspect', '--type', 'image', tag))
const config = inspected.Docker.config
const container = buildah('from', '--pull-never', tag)
// Else buildah lays a volume of its own over the folder that is bound there.
buildah('config', '--volume', '/data-', container)
const root = buildah('mount', container)
const directory = mkdtempSync(join(tmpdir(), 'data-'))
chownSync(directory, USER.id, USER.id)
const environment = { PORT: String(await freePort()), HOST: '127.0.0.1' }
const url = `http://127.0.0.1:${environment.PORT}`
const image = { container, root, config, directory, environment }

/** Runs a command in the image as its user. */
const inside = (words, more = {}) => {
  const env = Object.entries({ ...environment, ...more }).flatMap(([name, value]) => [
    '--env',
    `${name}=${value}`,
  ])
  return spawnSync('buildah', ['run', ...env, '-v', `${directory}:/data`, container, '--', ...words], {
    encoding: 'utf8',
  })
}

async function readJson(path, key) {
  const answer = await fetch(`${url}${path}`, { headers: key ? { authorization: `Bearer ${key}` } : {} })
  expect(answer.ok, `${path} answered ${answer.status}: ${(await answer.clone().text()).slice(0, 500)}`)
  return await answer.json()
}

const readFact = (lines, name) => new RegExp(`^  ${name} +(\\S+)`, 'm').exec(lines)?.[1]
let running = null

try {
  await check('it is small enough', () => {
    const bytes = JSON.parse(inspected.Manifest).layers.map(({ size }) => size)
    const megabytes = bytes.map((size) => Math.round(size / 1e6))
    const whole = Math.round(bytes.reduce((sum, size) => sum + size, 0) / 1e6)
    expect(whole <= SIZE_MB_MAX, `${whole} MB, at most ${SIZE_MB_MAX}`)
    return `${whole} MB, of which base image ${megabytes[0]} MB`
  })
  await check('it says its user, port, volume, health check and entry point', () => {
    const { User, ExposedPorts, Volumes, Healthcheck, Entrypoint, Env } = config
    expect(User === USER.name, `user ${User}`)
    expect(Object.keys(ExposedPorts).join() === '8787/tcp', `ports ${Object.keys(ExposedPorts)}`)
    expect(Object.keys(Volumes).join() === '/data', `volumes ${Object.keys(Volumes)}`)
    expect(
      Healthcheck.Test[0] === 'CMD' && Healthcheck.Test[1] === 'node',
      `health check ${Healthcheck.Test}`,
    )
    expect(Entrypoint[0] === 'node', `entry point ${Entrypoint}`)
    for (const wanted of ['HOST=0.0.0.0', 'YUMAGATE_DATA_DIR=/data'])
      expect(Env.includes(wanted), `no ${wanted}`)
  })
  await check('it holds nothing that it does not need', () => {
    const found = readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' })
      .map((name) => `app/${name}`)
      .filter((name) => UNWANTED.test(name))
    expect(found.length === 0, found.slice(0, 5).join(', '))
  })
  await check('its user can write nowhere but in the data directory and in places for passing files', () => {
    const { stdout } = inside([
      'find',
      '/',
      '-xdev',
      '-writable',
      '-not',
      '-type',
      'l',
      '-not',
      '-path',
      '/proc/*',
    ])
    const paths = stdout.split('\n').filter(Boolean)
    expect(paths.includes('/data'), 'the data directory cannot be written')
    const found = paths.filter(
      (path) => !/^\/(data|tmp|var\/tmp|run\/lock|home\/node|dev|proc|sys)(\/|$)/.test(path),
    )
    expect(found.length === 0, found.slice(0, 5).join(', '))
  })
  await check('every package beside the bundle can be loaded in it', () => {
    const script = `const { readdirSync } = require('node:fs')
      const names = ['@electric-sql/pglite', 'onnxruntime-node', 'sharp', '@resvg/resvg-js', 'tesseract.js', 'mediabunny', 'mpg123-decoder', 'opus-decoder', '@wasm-audio-decoders/ogg-vorbis']
      Promise.all(names.map((name) => import(name))).then(() => console.log(names.length, process.version), (error) => { console.error(error.message); process.exit(1) })`
    const { status, stdout, stderr } = inside(['node', '-e', script])
    expect(status === 0, stderr.slice(0, 500))
    return stdout.trim()
  })

  await check('it starts as its own user on an empty folder of the host', async () => {
    running = await start(image)
    expect(running.userId() === USER.id, `runs as user ${running.userId()}`)
    return /ready after [\d.]+ s/.exec(running.lines())?.[0]
  })
  await check('readyz answers that every part is ready', async () => {
    const { ready, parts } = await readJson('/readyz')
    expect(ready === true, JSON.stringify(parts))
    return Object.keys(parts).join(', ')
  })
  await check('its health check finds it healthy', () => {
    const { status, stderr } = inside(config.Healthcheck.Test.slice(1))
    expect(status === 0, `exit ${status} ${stderr}`)
  })
  const curls = running?.lines().match(/^ {2}curl .*$/gm) ?? []
  await check('the start prints three curl lines', () => expect(curls.length === 3, `${curls.length}`))
  for (const line of curls) {
    const path = /\/v1\/\S+/.exec(line)?.[0]
    await check(`the curl line of ${path} works`, () => {
      const { status, stdout, stderr } = spawnSync(
        'sh',
        ['-c', line.replace('curl ', 'curl -sS --fail-with-body ')],
        { encoding: 'utf8' },
      )
      expect(status === 0 && !JSON.parse(stdout).error, `${stdout}${stderr}`.slice(0, 500))
      const answer = JSON.parse(stdout)
      return answer.choices?.[0].message.content ?? answer.text ?? answer.data?.[0].url
    })
  }
  const key = running && readFact(running.lines(), 'demo key')
  const before = key && (await readJson('/v1/account', key))
  await check('SIGTERM lets a running answer end, then ends it with 0', async () => {
    const stream = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'slow-yuma-text',
        stream: true,
        messages: [{ role: 'user', content: 'Count to 5' }],
      }),
    })
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader.read()).value
    const ended = running.stop()
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
    expect(text.trimEnd().endsWith('data: [DONE]'), `the stream ended in ${text.slice(-200)}`)
    expect((await ended) === 0, `exit ${await ended}`)
    running = null
  })
  await check(
    'it starts a second time on that folder, with a file system that cannot be written',
    async () => {
      running = await start({ ...image, isReadOnly: true })
      expect(running.isRootReadOnly(), 'the root can be written')
      return /ready after [\d.]+ s/.exec(running.lines())?.[0]
    },
  )
  await check('key and balance are kept', async () => {
    expect(
      readFact(running.lines(), 'demo key') === key,
      `the key is another one: ${readFact(running.lines(), 'demo key')} after ${key}`,
    )
    const after = await readJson('/v1/account', key)
    const [was, is] = [before, after].map(
      (account) => BigInt(account.available_rao) + BigInt(account.spent_rao),
    )
    expect(was === is && after.held_rao === '0', JSON.stringify({ before, after }))
    expect(
      BigInt(after.spent_rao) > BigInt(before.spent_rao),
      'the answer that the end waited for is not charged',
    )
    return `${after.available_rao} rao left, ${after.spent_rao} spent`
  })
  await check('speech, text, picture and sight work there too: the demo passes', () => {
    const asked = { YUMAGATE_URL: url, YUMAGATE_API_KEY: key }
    const { status, stdout, stderr } = inside(['yumagate', 'demo', '--out', '/tmp/demo'], asked)
    expect(status === 0, `${stdout}${stderr}`)
  })
  await check('SIGTERM ends it with 0', async () => {
    const code = await running.stop()
    running = null
    expect(code === 0, `exit ${code}`)
  })
  await check('the command `yumagate` is there, and proves the books', () => {
    const { status, stdout, stderr } = inside(['yumagate', 'ledger', 'verify'])
    expect(status === 0, `${stdout}${stderr}`)
    return stdout.trim().split('\n').at(-1)
  })
} finally {
  await running?.stop().catch(() => undefined)
  buildah('rm', container)
  rmSync(directory, { recursive: true, force: true })
}
process.stdout.write(`${results.passed} passed, ${results.failed} failed\n`)
process.exit(results.failed === 0 ? 0 : 1)
