/** The few calls of the public API that the demo makes. */
import { request } from 'undici'
import { CommandError } from '../admin-client.ts'
import type { DemoGateway } from './gateway.ts'

/** An answer of the gateway; read as unknown members. */
export type Json = { readonly [name: string]: unknown }

export class DemoClient {
  readonly #gateway: DemoGateway

  constructor(gateway: DemoGateway) {
    this.#gateway = gateway
  }

  async get(path: string): Promise<Json> {
    const { body } = await this.#call('GET', path)
    return (await body.json()) as Json
  }

  async post(path: string, json: unknown): Promise<Json> {
    const bytes = Buffer.from(JSON.stringify(json))
    const { body } = await this.#call('POST', path, { type: 'application/json', bytes })
    return (await body.json()) as Json
  }

  async upload(bytes: Uint8Array, fileName: string): Promise<Json> {
    const form = new FormData()
    form.append('purpose', 'user_data')
    form.append('file', new Blob([new Uint8Array(bytes)]), fileName)
    // Written out here: Node 24 puts its own dispatcher under `request`, which waits for ever on a form of the package.
    const written = new Response(form)
    const type = written.headers.get('content-type') ?? ''
    const body = new Uint8Array(await written.arrayBuffer())
    const answer = await this.#call('POST', '/v1/files', { type, bytes: body })
    return (await answer.body.json()) as Json
  }

  async download(path: string): Promise<Uint8Array> {
    const { body } = await this.#call('GET', path)
    return new Uint8Array(await body.arrayBuffer())
  }

  /** Data of the server-sent events at that path, until the stream ends. */
  async *events(path: string): AsyncGenerator<Json, void, undefined> {
    const { body } = await this.#call('GET', path)
    let rest = ''
    for await (const chunk of body.setEncoding('utf8')) {
      rest += chunk
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const line = block.split('\n').find((candidate) => candidate.startsWith('data: '))
        if (line !== undefined) yield JSON.parse(line.slice(6)) as Json
      }
    }
  }

  async #call(method: 'GET' | 'POST', path: string, content?: { type: string; bytes: Uint8Array }) {
    const answer = await request(`${this.#gateway.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#gateway.key}`,
        ...(content && { 'content-type': content.type }),
      },
      body: content?.bytes ?? null,
      bodyTimeout: 600_000,
    })
    if (answer.statusCode < 400) return answer
    const text = await answer.body.text()
    throw new CommandError(`${method} ${path} answered ${answer.statusCode}: ${text.slice(0, 500)}`)
  }
}
