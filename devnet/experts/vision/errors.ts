// What goes wrong with a picture because of the picture.

/** Why a picture was refused. */
export type PictureFault = 'not-a-picture' | 'broken' | 'too-large' | 'too-slow'

/** The bytes cannot be read as a picture; the message is fit for the sender. */
export class UndecodablePictureError extends Error {
  override readonly name = 'UndecodablePictureError'
  readonly fault: PictureFault

  constructor(fault: PictureFault, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.fault = fault
  }
}
