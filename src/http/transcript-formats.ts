/** A transcript in the five forms that OpenAI's API knows. Pure. */
import type { TranscriptionAnswer, TranscriptSegment } from '../ports/miner.ts'

export type TranscriptFormat = 'json' | 'text' | 'srt' | 'verbose_json' | 'vtt'

export type TranscriptOptions = {
  readonly durationSeconds: number
  readonly granularities: readonly string[]
  readonly usage: object
}

/** @returns the body and its content type */
export function writeTranscript(
  answer: TranscriptionAnswer,
  format: TranscriptFormat,
  options: TranscriptOptions,
): { readonly body: string; readonly type: string } {
  switch (format) {
    case 'json':
      return { body: JSON.stringify({ text: answer.text, usage: options.usage }), type: 'application/json' }
    case 'text':
      return { body: `${answer.text}\n`, type: 'text/plain; charset=utf-8' }
    case 'srt':
      return { body: writeSrt(segmentsOf(answer, options)), type: 'application/x-subrip; charset=utf-8' }
    case 'vtt':
      return { body: writeVtt(segmentsOf(answer, options)), type: 'text/vtt; charset=utf-8' }
    case 'verbose_json':
      return { body: JSON.stringify(verbose(answer, options)), type: 'application/json' }
  }
}

/** One segment over all when the miner gives none. */
function segmentsOf(
  answer: TranscriptionAnswer,
  { durationSeconds }: TranscriptOptions,
): readonly TranscriptSegment[] {
  if (answer.segments.length > 0 || answer.text === '') return answer.segments
  return [{ text: answer.text, startSeconds: 0, endSeconds: durationSeconds, confidence: null }]
}

function writeSrt(segments: readonly TranscriptSegment[]): string {
  return segments
    .map(({ text, startSeconds, endSeconds }, index) => {
      return `${index + 1}\n${stamp(startSeconds, ',')} --> ${stamp(endSeconds, ',')}\n${oneLine(text)}\n`
    })
    .join('\n')
}

function writeVtt(segments: readonly TranscriptSegment[]): string {
  const cues = segments.map(({ text, startSeconds, endSeconds }) => {
    return `${stamp(startSeconds, '.')} --> ${stamp(endSeconds, '.')}\n${oneLine(text).replaceAll('-->', '->')}\n`
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

/** A blank line would end a cue. */
const oneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, ' ')

/** `01:02:03,456` */
function stamp(seconds: number, separator: string): string {
  const ms = Math.max(0, Math.round(seconds * 1000))
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  const clock = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60]
  return `${clock.map((part) => pad(part, 2)).join(':')}${separator}${pad(ms % 1000, 3)}`
}

function verbose(answer: TranscriptionAnswer, options: TranscriptOptions): object {
  const { durationSeconds, granularities, usage } = options
  const wantsWords = granularities.includes('word')
  const wantsSegments = granularities.length === 0 || granularities.includes('segment')
  return {
    task: 'transcribe',
    language: answer.language ?? 'english',
    duration: Math.round(durationSeconds * 1000) / 1000,
    text: answer.text,
    ...(wantsWords && {
      words: answer.words.map(({ word, startSeconds, endSeconds, confidence }) => ({
        word,
        start: startSeconds,
        end: endSeconds,
        ...(confidence !== null && { confidence }),
      })),
    }),
    ...(wantsSegments && {
      segments: segmentsOf(answer, options).map(({ text, startSeconds, endSeconds, confidence }, id) => ({
        id,
        seek: Math.round(startSeconds * 100),
        start: startSeconds,
        end: endSeconds,
        text,
        tokens: [],
        temperature: 0,
        avg_logprob: confidence === null ? 0 : Math.log(Math.max(confidence, 1e-6)),
        compression_ratio: 1,
        no_speech_prob: confidence === null ? 0 : Math.round((1 - confidence) * 1000) / 1000,
      })),
    }),
    usage,
  }
}
