import { describe, expect, it } from 'vitest'
import { ARTICLE, say } from '../ask.ts'

const table = (rows: Readonly<Record<string, string | RegExp>>) => {
  for (const [message, answer] of Object.entries(rows)) {
    it(`${message.slice(0, 90).replace(/\n/g, ' / ')} → ${String(answer).slice(0, 60)}`, async () => {
      const said = await say(message)
      if (typeof answer === 'string') expect(said).toBe(answer)
      else expect(said).toMatch(answer)
    })
  }
}

describe('counting numbers', () => {
  table({
    'Count to 12': '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12',
    'Please count from 5 to 9.': '5, 6, 7, 8, 9',
    'Count down from ten': '10, 9, 8, 7, 6, 5, 4, 3, 2, 1',
    'count backwards from 5 to 2': '5, 4, 3, 2',
    'Count from 9 to 5': '9, 8, 7, 6, 5',
    'Count from 10 to 50 in steps of 10': '10, 20, 30, 40, 50',
    'Count to ten by twos': '1, 3, 5, 7, 9',
    'Count to 3, one per line': '1\n2\n3',
    'Count from -2 to 2': '-2, -1, 0, 1, 2',
    'Count to 120': /^1, 2, .* 119, 120$/,
    'Count to 9999999': /5000 … \(5000 numbers are the most that is written\.\)$/,
  })
})

describe('counting in texts', () => {
  table({
    'How many vowels are in "banana"?': 'There are 3 vowels.',
    "How many r's are in strawberry?": 'The letter "r" comes 3 times.',
    'How many times does the letter s occur in "Mississippi"?': /letter "s" comes 4 times/,
    'How many words are in: the quick brown fox': 'There are 4 words.',
    'Count the words: one': 'There is 1 word.',
    'How many letters are in the word hippopotamus?': 'There are 12 letters.',
    'How many sentences are there in this text?\nDr. Smith came. He saw! Did he win?':
      'There are 3 sentences.',
    'How often does "tram" occur in:\ntram, Tram and trams': '"tram" comes twice.',
  })
})

describe('exact arithmetic', () => {
  table({
    'What is 12 times 7?': '84',
    'what is twelve times seven': '84',
    'Calculate twenty-one plus two hundred and five.': '226',
    '0.1 + 0.2': '0.3',
    'calculate 2^200': '1606938044258990275541962092341162602522202993782792835301376',
    'What is 1,000,000 * 1,000,000?': '1000000000000',
    'how much is 15% of 80': '12',
    '17 % 5': '2',
    '-7 mod 3': '2',
    '-2^2': '-4',
    '2^3^2': '512',
    '(1 + 2) * 3 - 4 / 8': '8.5',
    '2 × 3 ÷ 4 − 1': '0.5',
    '1/3': 'About 0.333333333333',
    '2/3': 'About 0.666666666667',
    'What is 10 divided by 4?': '2.5',
    'What is the square root of 144?': '12',
    'square root of 2': 'About 1.414213562373',
    'sqrt(16) + 2 squared': '8',
    'What is 2+2? Answer with the number only.': '4',
    '1/0': 'Nothing can be divided by zero.',
    '5 mod 0': 'Nothing can be divided by zero.',
    'square root of -4': /not real/,
    '2^0.5': 'Only whole exponents are worked out here.',
    '10^1000000000': /grow beyond 5000 digits/,
    '9^9^9^9': /grow beyond 5000 digits/,
    '1^99999999999999999999': '1',
    '(-1)^99999999999999999999': '-1',
  })

  it('nesting without end is told, not followed', async () => {
    expect(await say(`What is ${'('.repeat(1000)}1${')'.repeat(1000)} + 1?`)).toMatch(/nested too deeply/)
    expect(await say(`What is ${'-'.repeat(2000)}1?`)).toMatch(/nested too deeply/)
  })

  it('what is no expression is left alone', async () => {
    for (const text of ['1,2,3', '3', 'what is love', '1 +', '* 2', '(1', '1 2 3', 'x + 1'])
      expect(await say(text)).toMatch(/text worker/)
  })
})

describe('turning texts', () => {
  table({
    'Make this upper case: hello world': 'HELLO WORLD',
    'Lowercase: HELLO': 'hello',
    'Title case: the old man': 'The Old Man',
    'Reverse the word stressed': 'desserts',
    'Reverse the words: one two three': 'three two one',
    'Sort these numbers: 10, 9, 2, 33': '2, 9, 10, 33',
    'Sort alphabetically:\npear\napple\nfig': 'apple\nfig\npear',
    'Sort in descending order: 3, 10, 7': '10, 7, 3',
    'Remove duplicates: a, b, a, c': 'a, b, c',
  })
})

describe('extraction', () => {
  table({
    'Extract all email addresses: a@b.com, write to Bob <bob@example.org>.': 'a@b.com\nbob@example.org',
    'Find the dates: we meet on 25 November 2026 and on 2027-01-02.': '25 November 2026\n2027-01-02',
    'List the links:\nsee https://example.com/a?b=1, and www.example.org.':
      'https://example.com/a?b=1\nwww.example.org',
    'Extract the numbers: 3 pigs, 1,200 sheep and -4.5 degrees': '3\n1,200\n-4.5',
    'Extract the phone numbers: call +49 30 1234567 or 555-0100-22': '+49 30 1234567\n555-0100-22',
    'Extract the emails: there are none': 'There are no e-mail addresses in the text.',
    [`Extract the names: ${ARTICLE}`]: 'Oslo\nAnna Berg',
    'Which language is this: Das ist ein schöner Tag und ich gehe nach Hause': 'German',
    'What language is this? "これは本です"': 'Japanese',
  })
})

describe('summaries and keywords', () => {
  it('three bullet points are three of its sentences, in their order', async () => {
    const points = (await say(`Summarise in three bullet points: ${ARTICLE}`)).split('\n')
    expect(points).toHaveLength(3)
    const places = points.map((point) => ARTICLE.indexOf(point.slice(2, -1)))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    for (const point of points) expect(point).toMatch(/^- [A-Z].*\.$/)
  })

  it('a limit of words is kept, and the text ends as a sentence', async () => {
    for (const limit of [5, 8, 12, 20, 40]) {
      const summary = await say(`Summarise in at most ${limit} words: ${ARTICLE}`)
      expect(summary.split(/\s+/).length).toBeLessThanOrEqual(limit)
      expect(summary).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('the central sentence is chosen, not the first of a text that starts with small talk', async () => {
    const text = `Good morning and welcome. ${ARTICLE} Thank you for listening.`
    expect(await say(`Summarise in one sentence: ${text}`)).toMatch(/tram line/)
  })

  it('a transcript without punctuation is summarised too', async () => {
    const summary = await say('Summarise in one sentence: the dog ran home and the cat sat on the roof')
    expect(summary).toBe('The dog ran home and the cat sat on the roof.')
  })

  it('keywords are what the text speaks of, as many as asked', async () => {
    const keywords = (await say(`List three keywords: ${ARTICLE}`)).split(', ')
    expect(keywords).toHaveLength(3)
    expect(keywords[0]).toBe('tram line')
    expect((await say(`Give me keywords as a list: ${ARTICLE}`)).split('\n')).toHaveLength(5)
  })

  it('nothing to summarise is no summary', async () => {
    expect(await say('Summarise')).toMatch(/text worker/)
  })
})
