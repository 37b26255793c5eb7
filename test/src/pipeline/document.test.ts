/** docs/pipelines.md repeats the language; what it shows must be accepted, and what it names must be there. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeSlot } from '../../../src/pipeline/language/output-shapes.ts'
import { CALLER, fourSteps, openWorkshop } from './workshop.ts'

const document = readFileSync('docs/pipelines.md', 'utf8')

it('the example is accepted, runs, and answers with its three members', async () => {
  const shop = await openWorkshop()
  const pipelines = shop.open()
  const fileId = await shop.put('audio:2')
  const text = /<<END\n([\s\S]*?)\nEND\n/.exec(document)?.[1] ?? ''
  const value: unknown = JSON.parse(text.replaceAll('\\$', '$').replace('"$FILE"', JSON.stringify(fileId)))
  const { run } = await shop.create(pipelines, value)
  const ended = await shop.finish(run.id)
  expect(ended).toMatchObject({ status: 'succeeded', partial: false })
  expect(Object.keys(ended.output as object)).toEqual(['transcript', 'picture', 'summary'])
  await pipelines.close(0)
})

it('the events that a run tells are those of the table', async () => {
  const shop = await openWorkshop()
  const pipelines = shop.open()
  const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2')))
  await shop.finish(run.id)
  for (const { type, data } of await shop.eventsOf(run.id)) {
    if (/^run\.(succeeded|failed|cancelled|expired)$/.test(type)) continue
    const row = document.split('\n').find((line) => line.startsWith(`| \`${type}\` |`))
    const named = [...(row ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
    expect(named, type).toEqual(expect.arrayContaining(Object.keys(data)))
  }
  await pipelines.close(0)
})

it('every member that the table of steps names is a place of the output', () => {
  const rows = [...document.matchAll(/^\| `([a-z.]+)` \| .* \| `\{(.*?)\}`/gm)]
  expect(rows.length).toBe(5)
  for (const [, use = '', members = ''] of rows) {
    const names = members
      .replaceAll(/: \[\{.*?\}\]/g, '')
      .split(', ')
      .map((name) => name.replace('?', ''))
    const facts = { use: use as 'chat', asksJson: true, count: 1, textBytesMax: 100 }
    for (const name of names) expect(describeSlot(facts, [name]), `${use} ${name}`).not.toBeNull()
  }
})

it('the parts of the language that it says are refused are refused by name', async () => {
  const shop = await openWorkshop()
  const pipelines = shop.open()
  const said = document.slice(document.indexOf('## Not in this version'))
  for (const name of ['goal', 'webhook', 'budget', 'pipeline']) {
    expect(said).toContain(name)
    const steps = [{ id: 'a', use: 'text.concat', with: { parts: ['x'] } }]
    await expect(shop.create(pipelines, { steps, [name]: 'x' }, { caller: CALLER })).rejects.toMatchObject({
      param: name,
    })
  }
  await pipelines.close(0)
})
