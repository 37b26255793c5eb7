/** Files of accounts: rows with the store, bytes with the blobs. */
import { createHash, randomBytes } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import type { Blobs, Files, StoredFile } from '../ports/store.ts'
import type { SignedLinks } from './signed-links.ts'

export type NewFile = {
  readonly bytes: Uint8Array
  readonly mime: string
  readonly fileName?: string
  readonly purpose?: string
  readonly width?: number
  readonly height?: number
  readonly durationSeconds?: number
}

export type FileShelfOptions = {
  readonly files: Files
  readonly blobs: Blobs
  readonly links: SignedLinks
  /** Bytes that one account may keep, for what it uploads. */
  readonly accountBytesMax?: number
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** Where callers reach the gateway, when it was said; it goes before everything else. */
  readonly publicUrl?: string | null
  /** Base URL of this gateway, for links; a request's own Host header goes before it. */
  readonly baseUrl: () => string
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'audio/wav': 'wav',
}

export class FileShelf {
  readonly #options: FileShelfOptions

  constructor(options: FileShelfOptions) {
    this.#options = options
  }

  /** Stores bytes durably and then the row that names them. */
  async put(accountId: string, file: NewFile): Promise<StoredFile> {
    const id = `file-${randomBytes(16).toString('hex')}`
    await this.#options.blobs.write(id, file.bytes)
    const stored: StoredFile = {
      id,
      accountId,
      fileName: file.fileName ?? `${id}.${EXTENSIONS[file.mime] ?? 'bin'}`,
      purpose: file.purpose ?? 'pipeline_output',
      mime: file.mime,
      sizeBytes: file.bytes.length,
      sha256: createHash('sha256').update(file.bytes).digest('hex'),
      width: file.width ?? null,
      height: file.height ?? null,
      durationSeconds: file.durationSeconds ?? null,
      createdAt: new Date(this.#options.wallMs()).toISOString(),
    }
    await this.#options.files.add(stored)
    return stored
  }

  /** The same for what a caller sends: only so much of it is kept. @throws GatewayError `request_too_large` */
  async upload(accountId: string, file: NewFile): Promise<StoredFile> {
    const { files, accountBytesMax = Number.POSITIVE_INFINITY } = this.#options
    const keptBytes = await files.sumBytes(accountId)
    if (keptBytes + file.bytes.length > accountBytesMax) {
      throw new GatewayError(
        'request_too_large',
        `The files of this account take ${keptBytes} of the ${accountBytesMax} bytes that it may keep. Delete some first.`,
        { param: 'file' },
      )
    }
    return await this.put(accountId, file)
  }

  /** @throws GatewayError `not_found`, also for another account's */
  async get(fileId: string, accountId: string): Promise<StoredFile> {
    const file = await this.#options.files.find(fileId, accountId)
    if (file) return file
    throw new GatewayError('not_found', `There is no file ${JSON.stringify(fileId.slice(0, 100))}.`)
  }

  async read(
    fileId: string,
    accountId: string,
  ): Promise<{ readonly file: StoredFile; readonly bytes: Uint8Array }> {
    const file = await this.get(fileId, accountId)
    return { file, bytes: await this.#options.blobs.read(file.id) }
  }

  list(accountId: string, limit: number): Promise<readonly StoredFile[]> {
    return this.#options.files.list(accountId, limit)
  }

  /** @throws GatewayError `not_found` */
  async remove(fileId: string, accountId: string): Promise<void> {
    await this.get(fileId, accountId)
    await this.#options.files.remove(fileId, accountId)
    await this.#options.blobs.remove(fileId)
  }

  /** Where the bytes are fetched, with the caller's key. @param host - the request's Host header */
  urlOf(file: StoredFile, host: string | undefined): string {
    const { publicUrl, baseUrl } = this.#options
    const asked = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `http://${host}` : null
    const base = publicUrl ?? asked ?? baseUrl()
    return `${base}/v1/files/${file.id}/content`
  }

  /** The same, working without a key for an hour. */
  linkTo(file: StoredFile, host: string | undefined): string {
    return this.urlOf(file, host) + this.#options.links.sign(file.id, file.accountId)
  }

  /** Opens such a link. @throws GatewayError `invalid_api_key` · `not_found` */
  readLinked(
    fileId: string,
    token: string,
  ): Promise<{ readonly file: StoredFile; readonly bytes: Uint8Array }> {
    return this.read(fileId, this.#options.links.verify(fileId, token))
  }
}
