/**
 * The synapse of our text subnet, and the request that carries it. In Python it is
 *
 *     class ChatCompletion(bt.StreamingSynapse):
 *         request: str                       # JSON text of an OpenAI chat completion request
 *         completion: Optional[dict] = None  # the miner's chat.completion; with "stream": true the answer is an event stream
 *         required_hash_fields = ("request",)
 *
 * The request is a string, so that the body hash covers it to the last character: `str()` of a dict would depend on how each side
 * writes floats.
 */
import { dendriteBodyHash } from './hash.ts'
import { pythonStr } from './python.ts'

/** Class name, path and `name` header. */
export const SYNAPSE_NAME = 'ChatCompletion'

/** What one signed request is made of. */
export type DendriteCall = {
  /** JSON text of an OpenAI chat completion request. */
  readonly request: string
  readonly timeoutMs: number
  /** Unix time in nanoseconds, decimal. */
  readonly nonce: string
  /** Any text; a miner keeps the last nonce of each. */
  readonly uuid: string
  /** ss58 of the caller, and its address as far as it knows it. */
  readonly hotkey: string
  readonly ip: string
  readonly axon: { readonly hotkey: string; readonly ip: string; readonly port: string }
}

/** Pretended SDK version, `major * 1e6 + minor * 1e3 + patch`: from 7.2.0 on miners read the nonce as nanoseconds. */
export const DENDRITE_VERSION = 10_002_000

/** Writes what is signed. */
export function dendriteMessage(call: DendriteCall, bodyHash: string): string {
  return `${call.nonce}.${call.hotkey}.${call.axon.hotkey}.${call.uuid}.${bodyHash}`
}

/** Writes headers and body of a request. `sign` gives the 64 bytes over `dendriteMessage`. */
export function writeSynapse(
  call: DendriteCall,
  sign: (message: Uint8Array) => Uint8Array,
): { readonly headers: string[]; readonly body: Buffer } {
  const bodyHash = dendriteBodyHash([call.request])
  const signature = `0x${Buffer.from(sign(Buffer.from(dendriteMessage(call, bodyHash)))).toString('hex')}`
  const body = Buffer.from(bodyText(call, signature))
  return { headers: headerLines(call, { bodyHash, signature, sizeBytes: body.length }), body }
}

/** The nonce is an integer beyond 2^53: it is written as digits, not through a number. */
function bodyText(call: DendriteCall, signature: string): string {
  const { axon, nonce, uuid, hotkey, ip } = call
  return (
    `{"name":"${SYNAPSE_NAME}","timeout":${timeoutText(call)},"total_size":0,"header_size":0,` +
    `"dendrite":{"ip":"${ip}","version":${DENDRITE_VERSION},"nonce":${nonce},"uuid":"${uuid}","hotkey":"${hotkey}",` +
    `"signature":"${signature}"},"axon":{"ip":"${axon.ip}","port":${axon.port},"hotkey":"${axon.hotkey}"},` +
    `"computed_body_hash":"","request":${JSON.stringify(call.request)},"completion":null}`
  )
}

const EMPTY_STRING_MARKER = 'IiI=' // base64 of `""`: the type of the one required field.

function headerLines(
  call: DendriteCall,
  made: { readonly bodyHash: string; readonly signature: string; readonly sizeBytes: number },
): string[] {
  return [
    'content-type',
    'application/json',
    'accept-encoding',
    'identity',
    'name',
    SYNAPSE_NAME,
    'timeout',
    timeoutText(call),
    'bt_header_axon_ip',
    call.axon.ip,
    'bt_header_axon_port',
    call.axon.port,
    'bt_header_axon_hotkey',
    call.axon.hotkey,
    'bt_header_dendrite_ip',
    call.ip,
    'bt_header_dendrite_version',
    `${DENDRITE_VERSION}`,
    'bt_header_dendrite_nonce',
    call.nonce,
    'bt_header_dendrite_uuid',
    call.uuid,
    'bt_header_dendrite_hotkey',
    call.hotkey,
    'bt_header_dendrite_signature',
    made.signature,
    'bt_header_input_obj_request',
    EMPTY_STRING_MARKER,
    'header_size',
    '0',
    'total_size',
    `${made.sizeBytes}`,
    'computed_body_hash',
    made.bodyHash,
  ]
}

function timeoutText(call: DendriteCall): string {
  return pythonStr(call.timeoutMs / 1000)
}
