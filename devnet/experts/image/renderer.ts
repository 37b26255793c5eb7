// Owns the rendering process: one picture at a time, in order; a process that dies is replaced.
import { type ChildProcess, fork } from 'node:child_process'
import { ImageComposerError } from './errors.ts'
import type { RenderReply, RenderTask } from './render-protocol.ts'

export interface RendererOptions {
  /** File that the process runs: `render-main`, bundled or not. */
  readonly entryPath: string
  /** Arguments for Node before the file, such as a TypeScript loader. */
  readonly execArgv?: readonly string[] | undefined
  /** Pictures that may wait behind the one being rendered. */
  readonly waitingMax: number
}

export interface RenderRequest extends Omit<RenderTask, 'id'> {
  readonly signal?: AbortSignal | undefined
  /** Waiting included. */
  readonly timeoutMs: number
}

export interface Renderer {
  /**
   * Renders an SVG.
   *
   * @throws ImageComposerError `busy`, `too-slow`, `crashed` or `closed`; the signal's reason when it fires
   */
  render(request: RenderRequest): Promise<Uint8Array>
  /** Process number while a process runs, for watching it; else null. */
  readonly pid: number | null
  /** Ends the process; pictures not ready fail. */
  close(): Promise<void>
}

/** A renderer whose process starts with the first picture. */
export function createRenderer(options: RendererOptions): Renderer {
  const line = createLine(options)
  let nextId = 1
  return {
    get pid() {
      return line.child?.pid ?? null
    },
    render(request) {
      if (line.isClosed) return Promise.reject(new ImageComposerError('closed', 'The composer is closed.'))
      if (request.signal?.aborted) return Promise.reject(request.signal.reason)
      if (line.waiting.length >= options.waitingMax) {
        return Promise.reject(new ImageComposerError('busy', `${options.waitingMax} pictures wait already.`))
      }
      const { signal, timeoutMs, ...picture } = request
      return new Promise((resolve, reject) => {
        const job = new Job({ id: nextId++, ...picture }, { resolve, reject })
        job.limit(signal, timeoutMs, () => {
          // A renderer that hangs does not come back; its exit lets the next picture begin.
          if (line.current === job) line.child?.kill('SIGKILL')
        })
        line.waiting.push(job)
        startNext(line)
      })
    },
    close: () => closeLine(line),
  }
}

/** One picture that somebody waits for. */
class Job {
  readonly task: RenderTask
  isSettled = false
  readonly #promise: { resolve(png: Uint8Array): void; reject(error: unknown): void }
  #release: () => void = () => undefined

  constructor(task: RenderTask, promise: { resolve(png: Uint8Array): void; reject(error: unknown): void }) {
    this.task = task
    this.#promise = promise
  }

  /** Ends the wait when the signal fires or the time is up; `onLate` is told of the latter. */
  limit(signal: AbortSignal | undefined, timeoutMs: number, onLate: () => void): void {
    const abort = () => this.fail(signal?.reason)
    const timer = setTimeout(() => {
      this.fail(new ImageComposerError('too-slow', `The picture took longer than ${timeoutMs} ms.`))
      onLate()
    }, timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    this.#release = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  succeed(png: Uint8Array): void {
    if (!this.#settle()) return
    this.#promise.resolve(png)
  }

  fail(error: unknown): void {
    if (!this.#settle()) return
    this.#promise.reject(error)
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.#release()
    return true
  }
}

/** The pictures in their order, and the process that works on the current one. */
interface Line {
  readonly options: RendererOptions
  readonly waiting: Job[]
  child: ChildProcess | null
  current: Job | null
  isClosed: boolean
}

const createLine = (options: RendererOptions): Line => ({
  options,
  waiting: [],
  child: null,
  current: null,
  isClosed: false,
})

function startNext(line: Line): void {
  if (line.current !== null || line.isClosed) return
  let job = line.waiting.shift()
  while (job?.isSettled) job = line.waiting.shift()
  if (job === undefined) return
  line.current = job
  line.child ??= startChild(line)
  // A channel that closes under the message is followed by the exit event, which fails the job.
  line.child.send(job.task, () => undefined)
}

function startChild(line: Line): ChildProcess {
  const child = fork(line.options.entryPath, [], {
    execArgv: [...(line.options.execArgv ?? [])],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.on('message', (reply: RenderReply) => {
    if (reply.id !== line.current?.task.id) return
    if ('png' in reply) line.current.succeed(reply.png)
    else {
      const cause = reply.error
      line.current.fail(new ImageComposerError('crashed', 'The picture could not be rendered.', { cause }))
    }
    line.current = null
    startNext(line)
  })
  const lose = (cause: unknown) => {
    if (line.child !== child) return
    line.child = null
    line.current?.fail(
      new ImageComposerError('crashed', 'The renderer stopped while it drew this picture.', { cause }),
    )
    line.current = null
    startNext(line)
  }
  child.on('error', lose)
  child.on('exit', (code, signal) => lose(`exit ${code ?? signal}`))
  return child
}

async function closeLine(line: Line): Promise<void> {
  line.isClosed = true
  const { child } = line
  line.child = null
  for (const job of [...(line.current ? [line.current] : []), ...line.waiting.splice(0)]) {
    job.fail(new ImageComposerError('closed', 'The composer is closed.'))
  }
  line.current = null
  const hasEnded = child?.pid === undefined || child.exitCode !== null || child.signalCode !== null
  if (child === null || hasEnded) return
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
