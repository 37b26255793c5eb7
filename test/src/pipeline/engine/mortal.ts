/** Processes that die: from a certain call on, nothing that they ask of the outside is answered, as after kill -9. */

export type Life = {
  calls: number
  /** The call at which it dies; 0 never. */
  readonly diesAt: number
  /** Whether that call is still carried out. Its answer is lost in either case. */
  readonly finishes: boolean
}

const silence = () => new Promise<never>(() => {})

/** The same port, as the mortal process sees it. Members that are objects are wrapped too. */
export function mortal<Port extends object>(port: Port, life: Life): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member === 'object' && member !== null) return mortal(member, life)
      if (typeof member !== 'function') return member
      // What answers at once touches nothing outside.
      if (name === 'urlOf') return member.bind(target)
      return (...values: unknown[]) => {
        if (life.diesAt > 0 && life.calls >= life.diesAt) return silence()
        life.calls += 1
        const isLast = life.calls === life.diesAt
        if (isLast && !life.finishes) return silence()
        const answer: unknown = member.apply(target, values)
        if (!isLast) return answer
        // The call is carried out; nobody hears how.
        if (answer instanceof Promise) answer.catch(() => undefined)
        return silence()
      }
    },
  })
}
