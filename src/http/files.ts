/** `/v1/files`: what a caller stores for its pipelines, and what they made. */
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { StoredFile } from '../ports/store.ts'
import type { Contract } from './contract.ts'
import type { FileShelf } from './file-shelf.ts'
import type { HttpEnv } from './http-env.ts'
import { readForm } from './multipart.ts'
import { replyBytes, replyJson } from './reply.ts'

const LIST_MAX = 100

export type FilesAppOptions = {
  readonly contract: Contract
  readonly shelf: FileShelf
  readonly uploadBytesMax: number
}

export function filesApp({ contract, shelf, uploadBytesMax }: FilesAppOptions) {
  const show = (file: StoredFile, host: string | undefined) => convertFile(file, shelf.urlOf(file, host))
  return new Hono<HttpEnv>()
    .post('/', async (c) => {
      const { fields, file } = await readForm(c.env.incoming, uploadBytesMax)
      const purposes = fields.get('purpose') ?? []
      const { purpose } = contract.check('CreateFileRequest', {
        ...(purposes.length > 0 && { purpose: purposes.at(-1) }),
        ...(file && { file: file.fileName }),
      })
      if (!file || file.bytes.length === 0) {
        throw new GatewayError(
          'invalid_request',
          'file: is empty. Send the content in the form field file.',
          { param: 'file' },
        )
      }
      const stored = await shelf.upload(c.var.principal.account.id, { ...file, purpose })
      return replyJson(c, show(stored, c.env.incoming.headers.host))
    })
    .get('/', async (c) => {
      const files = await shelf.list(c.var.principal.account.id, LIST_MAX)
      return replyJson(c, {
        object: 'list',
        data: files.map((file) => show(file, c.env.incoming.headers.host)),
        has_more: false,
      })
    })
    .get('/:file', async (c) => {
      return replyJson(
        c,
        show(await shelf.get(c.req.param('file'), c.var.principal.account.id), c.env.incoming.headers.host),
      )
    })
    .delete('/:file', async (c) => {
      const id = c.req.param('file')
      await shelf.remove(id, c.var.principal.account.id)
      return replyJson(c, { id, object: 'file', deleted: true })
    })
    .get('/:file/content', async (c) => {
      return replyFile(c, await shelf.read(c.req.param('file'), c.var.principal.account.id))
    })
}

/** Links to files, opened without a key: mounted before authentication, and silent where there is no token. */
export function fileLinksApp({ shelf }: Pick<FilesAppOptions, 'shelf'>) {
  return new Hono<HttpEnv>().get('/:file/content', async (c, next) => {
    const token = c.req.query('token')
    if (token === undefined) return await next()
    return replyFile(c, await shelf.readLinked(c.req.param('file'), token))
  })
}

function replyFile(
  c: Context<HttpEnv>,
  { file, bytes }: { readonly file: StoredFile; readonly bytes: Uint8Array },
): Response {
  return replyBytes(c, bytes, {
    type: safeType(file.mime),
    headers: { 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName)}` },
  })
}

/** A caller named the type: only ones that no browser runs are repeated. */
function safeType(mime: string): string {
  return /^(image\/(png|jpeg|webp|gif)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/json|text\/plain)$/.test(
    mime,
  )
    ? mime
    : 'application/octet-stream'
}

function convertFile(file: StoredFile, url: string) {
  return {
    id: file.id,
    object: 'file',
    bytes: file.sizeBytes,
    created_at: Math.floor(Date.parse(file.createdAt) / 1000),
    filename: file.fileName,
    purpose: file.purpose,
    status: 'processed',
    mime: file.mime,
    ...(file.width !== null && { width: file.width }),
    ...(file.height !== null && { height: file.height }),
    ...(file.durationSeconds !== null && { seconds: file.durationSeconds }),
    url,
  }
}
