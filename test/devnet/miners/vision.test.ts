import { expect, it } from 'vitest'
import { createExpertChat } from '../../../devnet/miners/expert-chat.ts'
import { createVisionChat } from '../../../devnet/miners/expert-vision.ts'
import { measuringVision } from './fake-experts.ts'

const chat = createExpertChat({
  expert: async () => createVisionChat(async () => measuringVision),
  nowMs: () => 0,
  paceMs: 0,
})
const signal = new AbortController().signal
const picture = (bytes: string) => ({
  type: 'image_url',
  image_url: { url: `data:image/png;base64,${Buffer.from(bytes).toString('base64')}` },
})
const ask = async (content: unknown, more: object = {}) => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content },
  ]
  const completion = JSON.parse(await chat.complete({ model: 'm', messages, ...more }, signal))
  return completion.choices[0]
}

it('answers with the description', async () => {
  const { message, finish_reason: reason } = await ask([
    { type: 'text', text: 'What is this?' },
    picture('abc'),
  ])
  expect([message.content, reason]).toEqual(['I see 3 bytes.', 'stop'])
})

it('looks at every picture of the last message that has some', async () => {
  expect((await ask([picture('abc'), picture('defg')])).message.content).toBe(
    'Picture 1: I see 3 bytes.\nPicture 2: I see 4 bytes.',
  )
})

it.each([
  { type: 'json_object' },
  { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
])('answers in JSON when asked for %j', async (format) => {
  const { message } = await ask([picture('abc')], { response_format: format })
  expect(JSON.parse(message.content)).toEqual({
    description: 'I see 3 bytes.',
    text: 'EXIT',
    labels: [{ name: 'door', score: 0.9, count: 2, box: [0, 0.1, 0.5, 0.6] }],
    place: 'hall',
    colours: [{ name: 'grey', hex: '#808080', share: 1 }],
    width: 4,
    height: 3,
  })
})

it('of a strict schema tells its own members alone', async () => {
  const schema = { type: 'object', additionalProperties: false, properties: { text: {}, place: {} } }
  const { message } = await ask([picture('abc')], {
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  })
  expect(JSON.parse(message.content)).toEqual({ text: 'EXIT', place: 'hall' })
})

it('keeps to the token limit and says so', async () => {
  const { message, finish_reason: reason } = await ask([picture('abc')], { max_tokens: 2 })
  expect([message.content, reason]).toEqual(['I see', 'length'])
})

it('without a picture says that it needs one, and loads nothing', async () => {
  const { message } = await ask('What is this?')
  expect(message.content).toContain('only look at pictures')
})

it.each([
  ['a picture to be fetched', [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/a.png' } }]],
  ['too many pictures', Array.from({ length: 9 }, () => picture('abc'))],
])('refuses %s', async (_name, content) => {
  await expect(ask(content)).rejects.toMatchObject({ status: 400 })
})
