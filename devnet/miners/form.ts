/** Reads a small `multipart/form-data` body that is whole in memory (RFC 7578, as our gateway and OpenAI's clients write it). */
import { ServiceFailure } from './service.ts'

export type Form = {
  readonly fields: ReadonlyMap<string, string>
  readonly files: ReadonlyMap<string, Buffer>
}

const PARTS_MAX = 64

/** Of several fields with one name the first counts. @throws ServiceFailure 400 when it is no such body */
export function readForm(contentType: string, body: Buffer): Form {
  const boundary = /^multipart\/form-data;.*\bboundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType)
  if (!boundary) throw new ServiceFailure(400, 'The body is no form with a boundary.')
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`)
  const fields = new Map<string, string>()
  const files = new Map<string, Buffer>()
  // The first delimiter stands at the very start, without its line break.
  let at = body.indexOf(delimiter.subarray(2)) === 0 ? delimiter.length - 2 : -1
  for (let part = 0; at !== -1 && part < PARTS_MAX; part += 1) {
    if (body.toString('latin1', at, at + 2) === '--') return { fields, files }
    const headEnd = body.indexOf('\r\n\r\n', at)
    const end = headEnd === -1 ? -1 : body.indexOf(delimiter, headEnd + 2)
    if (end === -1) break
    readPart(body.toString('utf8', at, headEnd), body.subarray(headEnd + 4, end), { fields, files })
    at = end + delimiter.length
  }
  throw new ServiceFailure(400, 'The form is not complete.')
}

function readPart(
  head: string,
  content: Buffer,
  into: { readonly fields: Map<string, string>; readonly files: Map<string, Buffer> },
): void {
  const name = /\bname="([^"]*)"/i.exec(head)?.[1]
  if (name === undefined) return
  if (/\bfilename\*?=/i.test(head)) {
    if (!into.files.has(name)) into.files.set(name, content)
  } else if (!into.fields.has(name)) {
    into.fields.set(name, content.toString())
  }
}
