/** The one way in which a definition is refused. */
import { GatewayError } from '../../errors.ts'

/** @param param - dotted path of the field at fault @param problem - a sentence without its full stop */
export function invalid(param: string, problem: string): GatewayError {
  return new GatewayError('invalid_request', `${param}: ${problem}.`, { param })
}
