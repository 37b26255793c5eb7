import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createExperts } from '../../../devnet/miners/load-experts.ts'

const assets = {
  expertsDirectory: join(import.meta.dirname, '..', '..', '..', 'devnet', 'experts'),
  rendererPath: '',
  rendererExecArgv: [],
  tesseractDataPath: '',
}

it('hands out one expert, loaded once, that answers as miners expect', async () => {
  const experts = createExperts(assets)
  const text = await experts.text()
  expect(await experts.text()).toBe(text)
  const request = { model: 'm', messages: [{ role: 'user', content: 'What is 6 * 7?' }] }
  const parts = []
  for await (const part of text.answer(request, new AbortController().signal)) parts.push(part)
  expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toContain('42')
  expect(parts.at(-1)).toMatchObject({ kind: 'end', finishReason: 'stop' })
  await experts.close()
})

it('says that an expert cannot be loaded each time it is asked for, and closes all the same', async () => {
  const experts = createExperts({ ...assets, expertsDirectory: '/nowhere' })
  await expect(experts.speech()).rejects.toThrow('/nowhere')
  await expect(experts.speech()).rejects.toThrow('/nowhere')
  await experts.close()
})

it('closes what was never loaded', async () => {
  await createExperts(assets).close()
})
