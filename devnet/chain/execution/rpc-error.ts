/** An error as a node answers it: Substrate's codes and words. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: string | null

  constructor(code: number, message: string, data: string | null = null) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** The pool refused a transaction; `data` says why. */
export function invalidTransaction(reason: string): RpcError {
  return new RpcError(1010, 'Invalid Transaction', reason)
}
