/** Experts that say what they were asked. */
import type {
  ChatExpert,
  ChatPart,
  ImageExpert,
  SpeechExpert,
  VisionExpert,
} from '../../../devnet/miners/experts.ts'

/** Answers with the last message, word by word; `tool` in it asks for a tool, `hang` never ends. */
export const echoChat: ChatExpert = {
  async *answer(request, signal): AsyncGenerator<ChatPart> {
    const last = request.messages.at(-1) as { content: string }
    if (last.content === 'hang') {
      yield { kind: 'text', text: 'wait' }
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    if (last.content === 'break') {
      yield { kind: 'text', text: 'crack' }
      throw new Error('secret of the expert')
    }
    if (last.content.includes('tool')) {
      yield { kind: 'tool-call', id: 'call_1', name: 'look', argumentsJson: '{"at":"sky"}' }
      yield { kind: 'end', finishReason: 'tool_calls', promptTokens: 3, completionTokens: 2 }
      return
    }
    for (const text of last.content.match(/\s*\S+/g) ?? []) yield { kind: 'text', text }
    yield { kind: 'end', finishReason: 'stop', promptTokens: 3, completionTokens: 4 }
  },
}

/** Hears as many words as there are seconds. */
export const countingSpeech: SpeechExpert = {
  async listen(samples) {
    const words = Array.from({ length: Math.floor(samples.length / 16_000) }, (_, index) => ({
      word: `word${index}`,
      startSeconds: index,
      endSeconds: index + 0.5,
      confidence: 0.9,
    }))
    const text = words.map(({ word }) => word).join(' ')
    return { text, words, segments: [{ text, startSeconds: 0, endSeconds: words.length, confidence: 0.8 }] }
  },
}

/** Sees the size of the bytes. */
export const measuringVision: VisionExpert = {
  async look(picture) {
    return {
      description: `I see ${picture.length} bytes.`,
      text: 'EXIT',
      labels: [{ name: 'door', score: 0.9, count: 2, box: [0, 0.1, 0.5, 0.6] }],
      place: 'hall',
      colours: [{ name: 'grey', hex: '#808080', share: 1 }],
      width: 4,
      height: 3,
    }
  },
}

/** Paints the eight bytes of PNG's signature and the request behind them. */
export const literalPainter: ImageExpert = {
  async paint(request) {
    const bytes = Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      Buffer.from(JSON.stringify(request)),
    ])
    return { bytes, description: `A picture of ${request.prompt}.` }
  },
}
