/** The port to recordings and pictures: known by content, not by name; bounded while decoding. */

export type DecodedAudio = {
  /** WAV, 16 kHz, mono, 16-bit PCM. */
  readonly wav: Uint8Array
  /** Of what was decoded, not of what a header claims. */
  readonly durationSeconds: number
  /** `wav`, `mp3`, `flac`, `ogg`, `webm`, `mp4`, `aac`. */
  readonly container: string
}

export type InspectedImage = {
  readonly mime: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif'
  /** As shown: after the turn that the file asks for. */
  readonly width: number
  readonly height: number
}

export interface Media {
  /** Decodes a whole recording off the event loop. @throws GatewayError `invalid_audio` not decodable, empty, or longer than the limit; the message says which */
  decodeAudio(bytes: Uint8Array, options: { readonly signal: AbortSignal }): Promise<DecodedAudio>
  /** Decodes a picture fully, to know that it can be. @throws GatewayError `invalid_image` not a picture, broken, or too many pixels */
  inspectImage(bytes: Uint8Array, options: { readonly signal: AbortSignal }): Promise<InspectedImage>
  close(): Promise<void>
}
