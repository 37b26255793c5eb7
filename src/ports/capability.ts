/** The kinds of work an expert can be asked for. The words are those of the pipeline language. */
export const CAPABILITIES = ['chat', 'audio.transcribe', 'image.recognize', 'image.generate'] as const

export type Capability = (typeof CAPABILITIES)[number]
