import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findRunning, type RunFile, readRunFile, writeRunFile } from '../../../src/cli/run-file.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'run-file-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const runOf = (pid: number): RunFile => ({
  version: 1,
  pid,
  url: 'http://127.0.0.1:1',
  admin: { url: 'http://127.0.0.1:2', token: 't' },
  profile: 'devnet',
  chain: { endpoints: [], genesis: null },
  demoKey: null,
  startedAt: '2026-01-01T00:00:00.000Z',
})

describe('findRunning', () => {
  it('finds the gateway of another process that lives', () => {
    writeRunFile(directory, runOf(process.ppid))
    expect(findRunning(directory)).toMatchObject({ pid: process.ppid })
  })

  it('does not take itself for a gateway: a container gives the same pid again', () => {
    writeRunFile(directory, runOf(process.pid))
    expect(readRunFile(directory)).toMatchObject({ pid: process.pid })
    expect(findRunning(directory)).toBeNull()
  })

  it('finds nothing when that process is gone, or when there is no file', () => {
    expect(findRunning(directory)).toBeNull()
    // Over the highest pid that Linux gives.
    writeRunFile(directory, runOf(4_194_305))
    expect(findRunning(directory)).toBeNull()
  })
})
