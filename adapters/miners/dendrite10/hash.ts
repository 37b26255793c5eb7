/** The body hash of dendrite v10: not of the HTTP body, but of Python's text of the fields that the synapse names. */
import { hash } from 'node:crypto'
import { type PythonValue, pythonStr } from './python.ts'

/** @param fields - values of the synapse's `required_hash_fields`, in declared order. @returns SHA3-256 (FIPS 202) in hex */
export function dendriteBodyHash(fields: readonly PythonValue[]): string {
  return sha3(fields.map((field) => sha3(pythonStr(field))).join(''))
}

function sha3(text: string): string {
  return hash('sha3-256', text, 'hex')
}
