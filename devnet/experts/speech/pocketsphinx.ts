/**
 * CMU Sphinx as a second listener, where Debian's packages `pocketsphinx` and `pocketsphinx-en-us` are
 * installed. Debian 12 calls the program `pocketsphinx_continuous` (0.8+5prealpha+1-15); it reads raw 16 kHz
 * samples from a file and, with `-time yes`, prints a line `word start end confidence` for each word (checked
 * with that version, 2026-11-25).
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from './features.ts'
import type { HeardWord, SecondListener } from './second-opinion.ts'

const PROGRAM = 'pocketsphinx_continuous'
const OUTPUT_BYTES_MAX = 256 * 1024
/** Loading takes about a second, listening up to the length of the sound on a busy core. */
const START_MS = 10_000
const WORK_MS_PER_SECOND = 3_000

export interface PocketsphinxOptions {
  /** Name or path of the program; a name is looked for on the PATH. */
  readonly program?: string
  /** Time for loading; three times the length of the sound is added. */
  readonly startMs?: number
}

/** @returns null when the program or its English model is not there or does not work */
export async function findPocketsphinx(options: PocketsphinxOptions = {}): Promise<SecondListener | null> {
  const { program = PROGRAM, startMs = START_MS } = options
  const trial = await run({ program, timeoutMs: startMs, signal: undefined }, new Float32Array(1600))
  if (trial === null) return null
  return {
    async listen(samples, signal) {
      signal?.throwIfAborted()
      const timeoutMs = startMs + (WORK_MS_PER_SECOND * samples.length) / SAMPLE_RATE_HZ
      const output = await run({ program, timeoutMs, signal }, samples)
      signal?.throwIfAborted()
      return parseWords(output ?? '')
    },
  }
}

/**
 * Reads the lines `word start end confidence`; marks of silence, sentence and noise (`<s>`, `[NOISE]`,
 * `++um++`) are left out.
 */
export function parseWords(output: string): HeardWord[] {
  const words: HeardWord[] = []
  for (const line of output.split('\n')) {
    const [, word, start, end, confidence] =
      /^([a-z][a-z'.-]*)(?:\(\d+\))? (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/.exec(line) ?? []
    if (!word || Number(end) <= Number(start)) continue
    const sure = Math.min(1, Number(confidence))
    words.push({ word, startSeconds: Number(start), endSeconds: Number(end), confidence: sure })
  }
  return words
}

interface RunOptions {
  readonly program: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * @returns what the program printed; null when it cannot run, fails, takes too long, says too much or is
 * aborted
 */
async function run(options: RunOptions, samples: Float32Array): Promise<string | null> {
  // The program opens its input by name, which it cannot do with the pipes that Node gives it.
  const folder = await mkdtemp(join(tmpdir(), 'yumagate-speech-'))
  try {
    const file = join(folder, 'sound.raw')
    await writeFile(file, toPcm(samples), { mode: 0o600 })
    return await runOnFile(options, file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function runOnFile({ program, timeoutMs, signal }: RunOptions, file: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, ['-infile', file, '-time', 'yes', '-logfn', '/dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: Math.ceil(timeoutMs),
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > OUTPUT_BYTES_MAX) child.kill('SIGKILL')
    })
    // A program that is missing, or ended because of the signal, reports it here.
    child.on('error', () => resolve(null))
    child.on('close', (code) => resolve(code === 0 ? output : null))
  })
}

/** 16 bit, little-endian whatever the machine. */
function toPcm(samples: Float32Array): Buffer {
  const pcm = Buffer.alloc(2 * samples.length)
  samples.forEach((sample, i) => {
    pcm.writeInt16LE(Math.round(32_767 * Math.min(1, Math.max(-1, sample))), 2 * i)
  })
  return pcm
}
