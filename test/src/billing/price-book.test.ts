import { expect, it } from 'vitest'
import { openPriceBook } from '../../../src/billing/price-book.ts'
import { parsePrices, total } from '../../../src/billing/prices.ts'
import { fakeStore } from '../../fakes/store.ts'

const pricesOf = (rao: string) =>
  parsePrices({ chat: [{ meter: 'output_token', rao, per: '7' }] }, { minChargeRao: 2n })
const cost = (catalogue: ReturnType<typeof pricesOf>) =>
  total(catalogue.priceLines('chat', { output_token: 1_000n }))

it('a change of prices, over a restart too, does not change what was admitted before', async () => {
  const { documents } = fakeStore()
  const before = (await openPriceBook(documents, pricesOf('3'))).current
  const costRao = cost(before)
  const book = await openPriceBook(documents, pricesOf('9007199254740993'))
  expect(cost(book.current)).not.toBe(costRao)
  const found = await book.find(before.version)
  expect(found?.version).toBe(before.version)
  expect(cost(found!)).toBe(costRao)
  expect(await book.find(before.version)).toBe(found)
  const third = await openPriceBook(documents, pricesOf('4'))
  expect(cost((await third.find(book.current.version))!)).toBe(cost(book.current))
})

it('of two processes with other prices each finds what the other one admits by, from the moment it could', async () => {
  const { documents } = fakeStore()
  const [a, b] = await Promise.all(['3', '4'].map((rao) => openPriceBook(documents, pricesOf(rao))))
  const c = await openPriceBook(documents, pricesOf('5'))
  for (const book of [a!, b!, c]) {
    for (const other of [a!, b!, c]) {
      const found = await book.find(other.current.version)
      expect(cost(found!)).toBe(cost(other.current))
    }
  }
})

it('a version that was never in force is null', async () => {
  const book = await openPriceBook(fakeStore().documents, pricesOf('3'))
  expect(await book.find('0000000000000000')).toBeNull()
})

it('prices that were changed in the store are refused', async () => {
  const { documents } = fakeStore()
  const old = (await openPriceBook(documents, pricesOf('3'))).current
  const book = await openPriceBook(documents, pricesOf('4'))
  await documents.write(`prices-${old.version}`, pricesOf('1').toJson())
  await expect(book.find(old.version)).rejects.toThrow(/are those of/)
  await documents.write(`prices-${old.version}`, { nonsense: true })
  await expect(book.find(old.version)).rejects.toThrow()
})
