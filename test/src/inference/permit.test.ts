import { describe, expect, it } from 'vitest'
import type { ExpertDirectory, ServedModel } from '../../../src/inference/experts.ts'
import {
  isPermitted,
  narrowDirectory,
  permitCapability,
  permitDirectory,
} from '../../../src/inference/permit.ts'
import type { Capability } from '../../../src/ports/capability.ts'
import { NO_RULES } from '../../contract/keys.ts'
import { model as chatModel } from './stage.ts'

const modelOf = (id: string, capabilities: readonly Capability[]): ServedModel => ({
  ...chatModel,
  ...{ id, listedId: id, capabilities },
})
const MODELS = [
  modelOf('text', ['chat']),
  modelOf('vision', ['chat', 'image.recognize']),
  modelOf('paint', ['image.generate']),
]
const DIRECTORY: ExpertDirectory = {
  find: (id) => MODELS.filter((model) => model.id === id || `fault-${model.id}` === id),
  listFor: (capability) => MODELS.filter(({ capabilities }) => capabilities.includes(capability)),
  readMiners: () => ({ block: null, miners: [] }),
  explain: () => null,
}
const names = (models: readonly ServedModel[]) => models.map(({ id }) => id)
const denied = expect.objectContaining({ code: 'permission_denied' })

describe('a key that is not bound', () => {
  it('sees the directory itself', () => {
    expect(permitDirectory(DIRECTORY, null)).toBe(DIRECTORY)
    expect(permitDirectory(DIRECTORY, { ...NO_RULES, requestsPerMinute: 1 })).toBe(DIRECTORY)
    expect(narrowDirectory(DIRECTORY, NO_RULES)).toBe(DIRECTORY)
    permitCapability(null, 'chat')
  })
})

describe('a key bound to models', () => {
  const rules = { ...NO_RULES, models: ['text', 'paint'] }

  it('finds these alone; another one is permission_denied, and one that is not there is not found', () => {
    const directory = permitDirectory(DIRECTORY, rules)
    expect(names(directory.find('text'))).toEqual(['text'])
    expect(names(directory.find('fault-text'))).toEqual(['text'])
    expect(() => directory.find('vision')).toThrow(denied)
    expect(directory.find('nothing')).toEqual([])
    expect(names(directory.listFor('chat'))).toEqual(['text'])
    expect(MODELS.filter((model) => isPermitted(rules, model)).map(({ id }) => id)).toEqual(['text', 'paint'])
  })
})

describe('a key bound to work', () => {
  const rules = { ...NO_RULES, capabilities: ['chat'] as const }

  it('may do that alone, and uses only models that can', () => {
    permitCapability(rules, 'chat')
    expect(() => permitCapability(rules, 'image.generate')).toThrow(denied)
    const directory = permitDirectory(DIRECTORY, rules)
    expect(() => directory.find('paint')).toThrow(denied)
    expect(names(directory.find('vision'))).toEqual(['vision'])
  })

  it('gives a step no model for other work, such as pictures in a chat', () => {
    const directory = narrowDirectory(DIRECTORY, rules)
    expect(directory.find('vision')[0]?.capabilities).toEqual(['chat'])
    expect(directory.listFor('image.recognize')).toEqual([])
    expect(names(directory.listFor('chat'))).toEqual(['text', 'vision'])
  })
})
