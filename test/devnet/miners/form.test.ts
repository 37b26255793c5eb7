import fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeMultipart } from '../../../adapters/miners/wire/multipart.ts'
import { readForm } from '../../../devnet/miners/form.ts'

it('reads back whatever our dialects write', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (value, bytes) => {
      const file = { name: 'file', fileName: 'a.wav', contentType: 'audio/wav', bytes }
      const { contentType, body } = writeMultipart([['prompt', value]], file, 'b0undary')
      const { fields, files } = readForm(contentType, body)
      expect(fields.get('prompt')).toBe(Buffer.from(value).toString())
      expect(files.get('file')).toEqual(Buffer.from(bytes))
    }),
  )
})

it('reads a quoted boundary and names in any place', () => {
  const body =
    '--x y\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--x y--'
  expect(
    readForm('multipart/form-data; charset=utf-8; boundary="x y"', Buffer.from(body)).fields.get('model'),
  ).toBe('m')
})

it('of several with one name takes the first', () => {
  const part = (value: string) => `--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n${value}\r\n`
  expect(
    readForm('multipart/form-data; boundary=b', Buffer.from(`${part('1')}${part('2')}--b--`)).fields.get('a'),
  ).toBe('1')
})

it.each([
  ['application/json', '{}'],
  ['multipart/form-data', '--b--'],
  ['multipart/form-data; boundary=b', ''],
  ['multipart/form-data; boundary=b', '--c--'],
  ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\ncut'],
  ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="a"'],
])('refuses %s with the body %j', (type, body) => {
  expect(() => readForm(type, Buffer.from(body))).toThrow(expect.objectContaining({ status: 400 }))
})
