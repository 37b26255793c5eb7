/** Every documented path is served, and every served path is documented. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { type AppOptions, createApp } from '../../../src/http/app.ts'

it('the app serves exactly the paths and methods of openapi.yaml', () => {
  // Routes are mounted without being called, so nothing behind them is needed.
  const nothing: unknown = new Proxy({}, { get: (_target, name) => (name === 'toJSON' ? undefined : {}) })
  const app = createApp(nothing as AppOptions)
  const served = new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && method !== 'OPTIONS' && !path.includes('*'))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{.*\})?/g, '{$1}')}`),
  )
  const paths: Record<string, Record<string, unknown>> = parse(readFileSync('openapi.yaml', 'utf8')).paths
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((name) => ['get', 'post', 'put', 'patch', 'delete'].includes(name))
      .map((name) => `${name.toUpperCase()} ${path}`),
  )
  expect([...served].sort()).toEqual(documented.sort())
})
