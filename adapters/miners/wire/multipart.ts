/** A `multipart/form-data` body with one file (RFC 7578). */

export type FormFile = {
  readonly name: string
  readonly fileName: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

/**
 * Writes fields and a file. Names are ours; values are anything.
 *
 * @param boundary - must not occur in any value: give something nobody can guess
 */
export function writeMultipart(
  fields: readonly (readonly [name: string, value: string])[],
  file: FormFile,
  boundary: string,
): { readonly contentType: string; readonly body: Buffer } {
  const head = fields
    .map(
      ([name, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    .join('')
  const disposition = `content-disposition: form-data; name="${file.name}"; filename="${file.fileName}"`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([
      Buffer.from(`${head}--${boundary}\r\n${disposition}\r\ncontent-type: ${file.contentType}\r\n\r\n`),
      file.bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  }
}
