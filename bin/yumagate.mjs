#!/usr/bin/env node
/** The command: builds dist/ when it is stale, then runs it. */
import { build } from '../build.mjs'

await build()
await import(new URL('../dist/main.mjs', import.meta.url).href)
