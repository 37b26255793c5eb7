/**
 * Word error rates over the test sets that `training/mktest.py` makes.
 *
 *   npx tsx devnet/experts/speech/evaluate.ts SET... [--model model.onnx] [--language lang.json] [--every N]
 *     [--conditions clean,white20] [--voices regular-expression] [--lm 0.8] [--word 2] [--show N] [--pocketsphinx]
 *
 * A set is a folder with manifest.json; several are put together in one table.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { DEFAULT_BEAM } from './beam.ts'
import { countWordErrors } from './error-rate.ts'
import { findPocketsphinx } from './pocketsphinx.ts'
import { createSpeechRecogniser } from './recognise.ts'

const manifestFile = z.object({
  items: z.array(z.object({ text: z.string(), voice: z.string() })),
  /** Name of a condition → where each utterance starts in its file, in samples. */
  conditions: z.record(z.string(), z.array(z.number())),
})

/** Voices that were in training; all others were not. */
const SEEN = /^(flite:(slt|awb)|espeak:en-gb\+f2)$/

interface Cell {
  errors: number
  words: number
  right: number
  utterances: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    language: { type: 'string' },
    every: { type: 'string', default: '1' },
    conditions: { type: 'string' },
    voices: { type: 'string', default: '' },
    lm: { type: 'string', default: String(DEFAULT_BEAM.languageWeight) },
    word: { type: 'string', default: String(DEFAULT_BEAM.wordReward) },
    show: { type: 'string', default: '0' },
    pocketsphinx: { type: 'boolean', default: false },
  },
})

const loadStart = performance.now()
const secondListener = values.pocketsphinx ? await findPocketsphinx() : null
const recogniser = await createSpeechRecogniser({
  ...(values.model && { modelPath: values.model }),
  ...(values.language && { languagePath: values.language }),
  ...(secondListener && { secondListener }),
  beam: { ...DEFAULT_BEAM, languageWeight: Number(values.lm), wordReward: Number(values.word) },
})
process.stdout.write(`loaded in ${(performance.now() - loadStart).toFixed(0)} ms\n`)

const table = new Map<string, Map<string, Cell>>()
const confidences: Record<'right' | 'wrong', number[]> = { right: [], wrong: [] }
const conditions = new Set<string>()
let audioSeconds = 0
let workMs = 0
let shown = 0

for (const folder of positionals) {
  const { items, conditions: offsets } = manifestFile.parse(
    JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')),
  )
  for (const [condition, starts] of Object.entries(offsets)) {
    if (values.conditions && !values.conditions.split(',').includes(condition)) continue
    conditions.add(condition)
    const file = readFileSync(join(folder, `${condition}.i16`))
    for (let i = 0; i < items.length; i += Number(values.every)) {
      const item = items[i]
      if (item && new RegExp(values.voices).test(item.voice))
        await evaluateOne(item, condition, readSamples(file, starts[i] ?? 0, starts[i + 1] ?? 0))
    }
  }
}
printTable()
await recogniser.close()

async function evaluateOne(item: { text: string; voice: string }, condition: string, samples: Float32Array) {
  const start = performance.now()
  const { text, confidence } = await recogniser.recognise(samples)
  workMs += performance.now() - start
  audioSeconds += samples.length / 16_000
  const { errors, words } = countWordErrors(item.text, text)
  for (const row of [item.voice, pooledRow(item.voice)]) {
    const cells = table.get(row) ?? new Map<string, Cell>()
    const cell = cells.get(condition) ?? { errors: 0, words: 0, right: 0, utterances: 0 }
    cell.errors += errors
    cell.words += words
    cell.right += errors ? 0 : 1
    cell.utterances += 1
    cells.set(condition, cell)
    table.set(row, cells)
  }
  confidences[errors ? 'wrong' : 'right'].push(confidence)
  if (errors && shown++ < Number(values.show))
    process.stdout.write(`${item.voice}\n  said  ${item.text}\n  heard ${text}\n`)
}

function pooledRow(voice: string): string {
  if (voice.startsWith('human:')) return 'PEOPLE'
  return SEEN.test(voice) ? 'SEEN VOICES, new sentences' : 'HELD-OUT VOICES, new sentences'
}

function readSamples(file: Buffer, from: number, to: number): Float32Array {
  return Float32Array.from({ length: to - from }, (_, i) => file.readInt16LE(2 * (from + i)) / 32_768)
}

function printTable(): void {
  const line = (name: string, format: (cell: Cell) => string, cells: Map<string, Cell>) => {
    const columns = [...conditions].map((condition) => {
      const cell = cells.get(condition)
      return cell ? format(cell) : '-'
    })
    process.stdout.write(`| ${[name, ...columns].join(' | ')} |\n`)
  }
  process.stdout.write(
    `| voice | ${[...conditions].join(' | ')} |\n| --- ${'| ---: '.repeat(conditions.size)}|\n`,
  )
  for (const [name, cells] of [...table].sort(
    ([a], [b]) => Number(/^[A-Z]/.test(a)) - Number(/^[A-Z]/.test(b)),
  )) {
    line(name, ({ errors, words }) => ((100 * errors) / words).toFixed(1), cells)
    if (!/^[A-Z]/.test(name)) continue
    line(
      '…sentences wholly right',
      ({ right, utterances }) => `${((100 * right) / utterances).toFixed(0)} %`,
      cells,
    )
    line('…utterances, words', ({ utterances, words }) => `${utterances}, ${words}`, cells)
  }
  process.stdout.write(
    `real-time factor ${(workMs / 1000 / audioSeconds).toFixed(4)} over ${(audioSeconds / 60).toFixed(1)} min\n`,
  )
  for (const [kind, list] of Object.entries(confidences)) {
    const sorted = list.sort((a, b) => a - b)
    const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2)
    process.stdout.write(
      `confidence of ${kind} sentences: 5 % below ${at(0.05)}, median ${at(0.5)}, 5 % above ${at(0.95)}\n`,
    )
  }
}
