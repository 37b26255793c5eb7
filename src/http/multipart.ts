/** Reads multipart forms from the raw request with busboy: one file part, bounded fields, bounded bytes. */
import type { IncomingMessage } from 'node:http'
import { basename } from 'node:path'
import busboy from 'busboy'
import { GatewayError } from '../errors.ts'
import { reserveBody } from './body-budget.ts'
import { refuseEncoding, tooLarge } from './request-body.ts'

const FIELDS_MAX = 64
const FIELD_BYTES_MAX = 64 * 1024
const PARTS_MAX = 128

export type UploadedFile = { readonly fileName: string; readonly mime: string; readonly bytes: Buffer }

export type Form = {
  /** Values by field name, in the order in which they came; a repeated name has several. */
  readonly fields: ReadonlyMap<string, readonly string[]>
  /** The part named `file`; null when there is none. */
  readonly file: UploadedFile | null
}

/**
 * Reads a form.
 *
 * @param bytesMax - of the whole body
 * @throws GatewayError `unsupported_media_type` not multipart · `request_too_large` · `queue_full` too many bytes are in flight ·
 *   `invalid_request` malformed, cut off, too many parts
 */
export async function readForm(incoming: IncomingMessage, bytesMax: number): Promise<Form> {
  const type = incoming.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new GatewayError(
      'unsupported_media_type',
      'Send the body as a form, with content-type: multipart/form-data and its boundary.',
    )
  }
  refuseEncoding(incoming)
  const announced = Number(incoming.headers['content-length'] ?? 0)
  const noRoom = announced > bytesMax ? tooLarge(bytesMax) : reserveBody(incoming, announced)
  if (noRoom) throw noRoom
  return await new FormReader(incoming, bytesMax).read()
}

class FormReader {
  readonly #incoming: IncomingMessage
  readonly #bytesMax: number
  readonly #fields = new Map<string, string[]>()
  #file: UploadedFile | null = null
  #sizeBytes = 0

  constructor(incoming: IncomingMessage, bytesMax: number) {
    this.#incoming = incoming
    this.#bytesMax = bytesMax
  }

  read(): Promise<Form> {
    return new Promise((resolve, reject) => {
      const parser = this.#createParser(reject)
      if (!parser) return
      const incoming = this.#incoming
      const count = (chunk: Buffer) => {
        this.#sizeBytes += chunk.length
        const noRoom =
          this.#sizeBytes > this.#bytesMax ? tooLarge(this.#bytesMax) : reserveBody(incoming, this.#sizeBytes)
        if (noRoom) stop(noRoom)
      }
      // A request that was read to its end closes too, maybe before the parser is through.
      const leave = () => {
        if (incoming.complete) return
        stop(
          new GatewayError(
            'client_closed_request',
            'The connection closed before the whole form had arrived.',
          ),
        )
      }
      const stop = (error: GatewayError) => {
        reject(error)
        // The listeners for 'error' stay: the request, the parser and its parts may still emit one, which would end the process.
        incoming.off('data', count).off('close', leave)
        incoming.unpipe(parser)
        parser.destroy()
      }
      const refuse = (message: string) => stop(new GatewayError('invalid_request', message))
      parser.on('field', (name, value, info) => {
        if (info.nameTruncated || info.valueTruncated)
          return refuse(`The form field ${name.slice(0, 64)} is longer than ${FIELD_BYTES_MAX} bytes.`)
        const values = this.#fields.get(name)
        if (values) values.push(value)
        else this.#fields.set(name, [value])
      })
      parser.on('file', (name, stream, info) => this.#takeFile(name, stream, { info, refuse }))
      parser.on('fieldsLimit', () => refuse(`The form has more than ${FIELDS_MAX} fields.`))
      parser.on('partsLimit', () => refuse(`The form has more than ${PARTS_MAX} parts.`))
      parser.on('filesLimit', () => refuse('The form has more than one file.'))
      parser.on('error', () => refuse('The form is malformed or ends before its closing boundary.'))
      parser.on('close', () => {
        incoming.off('data', count).off('close', leave)
        resolve({ fields: this.#fields, file: this.#file })
      })
      incoming.on('data', count).on('close', leave).on('error', leave)
      incoming.pipe(parser)
    })
  }

  #createParser(reject: (error: GatewayError) => void) {
    try {
      return busboy({
        headers: this.#incoming.headers,
        defParamCharset: 'utf8',
        limits: {
          files: 1,
          fields: FIELDS_MAX,
          parts: PARTS_MAX,
          fieldSize: FIELD_BYTES_MAX,
          fieldNameSize: 256,
          headerPairs: 64,
          fileSize: this.#bytesMax,
        },
      })
    } catch (cause) {
      reject(
        new GatewayError('invalid_request', 'The content-type names no usable multipart boundary.', {
          cause,
        }),
      )
      return null
    }
  }

  #takeFile(
    name: string,
    stream: NodeJS.ReadableStream,
    { info, refuse }: { info: busboy.FileInfo; refuse: (message: string) => void },
  ): void {
    // First of all, and on every part: a form that is cut off or given up inside of a part makes that part emit it.
    stream.on('error', () => refuse('The form is malformed or ends before its closing boundary.'))
    if (name !== 'file') {
      stream.resume()
      return
    }
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      this.#file = { fileName: cleanName(info.filename), mime: info.mimeType, bytes: Buffer.concat(chunks) }
    })
  }
}

/** The last path part of the name a client gave, without control characters; never empty. */
export function cleanName(given: string | undefined): string {
  const last = basename((given ?? '').replaceAll('\\', '/')).replace(/\p{Cc}/gu, '')
  return last === '' || last === '.' || last === '..' ? 'file' : last.slice(0, 255)
}
