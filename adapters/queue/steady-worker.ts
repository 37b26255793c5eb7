/**
 * A worker that survives its beginning. BullMQ's own (6.7.0) outlives a server that goes away, but not one that goes while its connections
 * are being made: then it stays as it is for ever, with nothing but errors. Such a one is thrown away for a new one.
 */

type Opened = {
  waitUntilReady(): Promise<unknown>
  close(force?: boolean): Promise<void>
}

export type SteadyWorker = {
  /** Takes no more jobs; resolves when those at work have ended. */
  close(): Promise<void>
}

const TRY_AGAIN_MS = 1_000

/** @param fail - hears of each beginning that failed */
export function openSteadyWorker(open: () => Opened, fail: (error: unknown) => void): SteadyWorker {
  let isClosing = false
  let timer: NodeJS.Timeout | null = null
  const begin = (): Opened => {
    const opened = open()
    opened.waitUntilReady().catch((error: unknown) => {
      if (isClosing) return
      fail(error)
      opened.close(true).catch(() => {
        // It had nothing to end.
      })
      timer = setTimeout(() => {
        worker = begin()
      }, TRY_AGAIN_MS).unref()
    })
    return opened
  }
  let worker = begin()
  return {
    async close() {
      isClosing = true
      if (timer !== null) clearTimeout(timer)
      await worker.close()
    },
  }
}
