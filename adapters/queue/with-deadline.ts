/** The result of `work`, unless it takes longer. @throws Error `no answer in time`; `work` itself goes on, its later end is of no account */
export async function withDeadline<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs)
  })
  return await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
