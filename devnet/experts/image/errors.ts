// What goes wrong when a picture is composed.

/** invalid: the request; busy: too many wait; too-slow: the time is up; crashed: the renderer died; closed: after close(). */
export type ComposerFault = 'invalid' | 'busy' | 'too-slow' | 'crashed' | 'closed'

/** A picture could not be composed; the message is fit for whoever asked. */
export class ImageComposerError extends Error {
  override readonly name = 'ImageComposerError'
  readonly fault: ComposerFault

  constructor(fault: ComposerFault, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.fault = fault
  }
}
