/** Pictures that are in a request themselves, as base64 data URLs. */
import { GatewayError } from '../errors.ts'

/**
 * The bytes of a picture.
 *
 * @param param - path of the field, for the error
 * @throws GatewayError `invalid_request` any other kind of URL · `invalid_image` not base64
 */
export function readDataUrl(url: string, param: string): Buffer {
  const head = /^data:(image\/[a-z0-9.+-]+)?(?:;[^,;]*)*;base64,/i.exec(url)
  if (!head) {
    throw new GatewayError(
      'invalid_request',
      'Send the picture itself as a base64 data URL (data:image/png;base64,…). The gateway fetches no addresses.',
      { param },
    )
  }
  const text = url.slice(head[0].length)
  if (text === '' || !/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(text)) {
    throw new GatewayError('invalid_image', 'The picture is not valid base64.', { param })
  }
  return Buffer.from(text, 'base64')
}
