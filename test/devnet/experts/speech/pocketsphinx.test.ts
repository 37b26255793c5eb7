import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findPocketsphinx, parseWords } from '../../../../devnet/experts/speech/pocketsphinx.ts'
import { readFixture } from './fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'listener-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program in the place of the real one: answers the trial, and then does what the script says. */
function program(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nsize=$(wc -c < "$2")\n[ "$size" -le 3200 ] && exit 0\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}
const second = new Float32Array(16_000)

describe('the output of pocketsphinx', () => {
  test('gives words without marks and numbers of pronunciations', () => {
    const output = `the astronaut\n<s> 0.080 0.240 0.999800\nthe(2) 0.250 0.330 0.652366\nastronaut 0.340 0.850 0.999800
<sil> 1.300 1.390 0.998401\n[SPEECH] 1.5 1.6 0.5\n++um++ 1.6 1.7 0.9\ndon't 1.700 1.900 1.000100\n</s> 1.900 2.000 1.000000\n`
    expect(parseWords(output)).toEqual([
      { word: 'the', startSeconds: 0.25, endSeconds: 0.33, confidence: 0.652366 },
      { word: 'astronaut', startSeconds: 0.34, endSeconds: 0.85, confidence: 0.9998 },
      { word: "don't", startSeconds: 1.7, endSeconds: 1.9, confidence: 1 },
    ])
  })

  test('may be anything', () => {
    expect(parseWords('')).toEqual([])
    expect(parseWords('a b c d\nword 1.0 0.5 0.9\n\u0000\n')).toEqual([])
  })
})

describe('the program', () => {
  test('is not found when it is not there, or does not work', async () => {
    expect(await findPocketsphinx({ program: join(folder, 'missing') })).toBeNull()
    writeFileSync(join(folder, 'broken'), '#!/bin/sh\nexit 1\n')
    chmodSync(join(folder, 'broken'), 0o755)
    expect(await findPocketsphinx({ program: join(folder, 'broken') })).toBeNull()
  })

  test('gives its words', async () => {
    const listener = await findPocketsphinx({ program: program('works', 'echo "fox 0.100 0.500 0.900000"') })
    expect(await listener?.listen(second, undefined)).toEqual([
      { word: 'fox', startSeconds: 0.1, endSeconds: 0.5, confidence: 0.9 },
    ])
  })

  test('gives none when it fails, never stops talking, or is killed', async () => {
    for (const script of ['exit 3', 'exec yes "fox 0.100 0.500 0.900000"', 'kill -9 $$']) {
      const listener = await findPocketsphinx({ program: program('fails', script) })
      expect(await listener?.listen(second, undefined)).toEqual([])
    }
  })

  test('is ended when it takes too long', async () => {
    const listener = await findPocketsphinx({ program: program('slow', 'exec sleep 600'), startMs: 500 })
    expect(await listener?.listen(new Float32Array(1_700), undefined)).toEqual([])
  })

  test('is ended when the caller aborts', async () => {
    const listener = await findPocketsphinx({ program: program('hangs', 'exec sleep 600') })
    const controller = new AbortController()
    const listening = listener?.listen(second, controller.signal)
    controller.abort(new Error('gone'))
    await expect(listening).rejects.toThrow('gone')
    await expect(listener?.listen(second, controller.signal)).rejects.toThrow('gone')
  })
})

const real = await findPocketsphinx()
if (!real) console.log("skipped: Debian's pocketsphinx and pocketsphinx-en-us are not installed")

describe.skipIf(!real)('the real program (needs pocketsphinx and pocketsphinx-en-us)', () => {
  test('hears words of a recording, in order', { timeout: 60_000 }, async () => {
    const { samples } = readFixture('slt-elephant')
    const words = (await real?.listen(samples, undefined)) ?? []
    expect(words.length).toBeGreaterThan(2)
    words.forEach(({ startSeconds, endSeconds }, i) => {
      expect(startSeconds).toBeGreaterThanOrEqual(words[i - 1]?.endSeconds ?? 0)
      expect(endSeconds).toBeLessThanOrEqual(samples.length / 16_000)
    })
  })
})
