/** A certificate authority for tests, and a certificate of it for 127.0.0.1, made anew by openssl. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why no certificate can be made; null when it can. Where everything is checked it must be. */
export const NO_OPENSSL =
  spawnSync('openssl', ['version']).status === 0 || process.env.CI ? null : 'openssl is not installed'

export type Certificates = {
  readonly ca: string
  readonly certificate: string
  readonly key: string
  readonly files: { readonly ca: string; readonly certificate: string; readonly key: string }
  remove(): void
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'yumagate-tls-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] })
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const
  openssl('req', '-x509', ...fresh, '-days', '2', '-subj', '/CN=test', '-keyout', 'ca.key', '-out', 'ca.pem')
  openssl('req', ...fresh, '-subj', '/CN=server', '-keyout', 'server.key', '-out', 'server.csr')
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n')
  const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2']
  openssl('x509', '-req', '-in', 'server.csr', ...sign, '-out', 'server.pem')
  const files = { ca: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') }
  return {
    ca: readFileSync(files.ca, 'utf8'),
    certificate: readFileSync(files.certificate, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
    files,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
