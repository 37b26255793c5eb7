/** Signed extrinsics of format version 4: what a transaction pool must read, and what a signer must sign. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import { ByteSink, ByteSource, concatBytes, fromHex } from '../scale/bytes.ts'
import { encode } from '../scale/codec.ts'
import { option } from '../scale/collections.ts'
import { plainEnumeration } from '../scale/named.ts'
import { u32 } from '../scale/numbers.ts'
import { type RuntimeCall, runtimeCall } from './calls.ts'
import {
  compactNonce,
  compactTip,
  era,
  hash256,
  lengthPrefix,
  multiAddress,
  multiSignature,
} from './primitives.ts'
import { describeVersion, type RuntimeDescription } from './version.ts'

const SIGNED_V4 = 0x84
const UNSIGNED_V4 = 0x04

/** Longer payloads are signed by their hash. */
const PAYLOAD_BYTES_MAX = 256

export const metadataHashMode = plainEnumeration('frame_metadata_hash_extension::Mode', [
  'Disabled',
  'Enabled',
])

/** What a signature covers beside the call: `era` 0 is immortal. */
export type ExtrinsicTerms = { readonly era: number; readonly nonce: number; readonly tipRao: bigint }

export type SignedExtrinsic = {
  /** Hex account. */
  readonly signer: string
  readonly signatureKind: 'Ed25519' | 'Sr25519' | 'Ecdsa'
  readonly signature: Uint8Array
  readonly terms: ExtrinsicTerms
  readonly call: RuntimeCall
  /** The bytes from the terms' end on: the call as it was written. */
  readonly callBytes: Uint8Array
}

/** Blocks from `birth` on, until before `death`, in which a mortal extrinsic is valid. */
export type Lifetime = { readonly birth: number; readonly death: number }

/** Reads a signed extrinsic with its length prefix. @throws Error when it is none */
export function decodeSignedExtrinsic(bytes: Uint8Array): SignedExtrinsic {
  const source = new ByteSource(bytes)
  if (lengthPrefix.decode(source) !== BigInt(source.remaining)) throw new Error('The length is wrong.')
  if (source.byte() !== SIGNED_V4) throw new Error('Not a signed extrinsic of version 4.')
  const address = multiAddress.decode(source)
  if (address.kind !== 'Id') throw new Error('The signer is not an account id.')
  const signature = multiSignature.decode(source)
  const terms = decodeTerms(source)
  const callBytes = bytes.slice(source.offset)
  const call = runtimeCall.decode(source)
  if (source.remaining > 0) throw new Error('Bytes follow the call.')
  return {
    signer: address.value._0,
    signatureKind: signature.kind,
    signature: fromHex(signature.value._0),
    terms,
    call,
    callBytes,
  }
}

/** The bytes that are signed: call, terms, and what both sides know already. */
export function signedPayload(
  callBytes: Uint8Array,
  terms: ExtrinsicTerms,
  known: {
    readonly runtime: RuntimeDescription
    readonly genesisHash: string
    /** Of the block in which the era begins; the genesis hash for an immortal one. */
    readonly eraHash: string
  },
): Uint8Array {
  const version = describeVersion(known.runtime)
  const payload = concatBytes(
    callBytes,
    encodeTerms(terms),
    encode(u32, version.spec_version),
    encode(u32, version.transaction_version),
    encode(hash256, known.genesisHash),
    encode(hash256, known.eraHash),
    encode(option(hash256), null),
  )
  return payload.length > PAYLOAD_BYTES_MAX ? blake2AsU8a(payload, 256) : payload
}

/** Writes a signed extrinsic with its length prefix. */
export function encodeSignedExtrinsic(extrinsic: {
  readonly signer: string
  readonly signatureHex: string
  readonly terms: ExtrinsicTerms
  readonly callBytes: Uint8Array
}): Uint8Array {
  return prefixLength(
    concatBytes(
      new Uint8Array([SIGNED_V4]),
      encode(multiAddress, { kind: 'Id', value: { _0: extrinsic.signer } }),
      encode(multiSignature, { kind: 'Sr25519', value: { _0: extrinsic.signatureHex } }),
      encodeTerms(extrinsic.terms),
      extrinsic.callBytes,
    ),
  )
}

/** Writes an extrinsic that nobody signs: what a block's author puts in. */
export function encodeInherent(call: RuntimeCall): Uint8Array {
  return prefixLength(concatBytes(new Uint8Array([UNSIGNED_V4]), encode(runtimeCall, call)))
}

/** When an era begins and ends, seen from a block. */
export function lifetimeOf(eraValue: number, currentBlock: number): Lifetime {
  if (eraValue === 0) return { birth: 0, death: Number.POSITIVE_INFINITY }
  const period = 2 << (eraValue % 16)
  const quantizeFactor = Math.max(period >> 12, 1)
  const phase = (eraValue >> 4) * quantizeFactor
  const birth = Math.floor((Math.max(currentBlock, phase) - phase) / period) * period + phase
  return { birth, death: birth + period }
}

function decodeTerms(source: ByteSource): ExtrinsicTerms {
  const terms = {
    era: era.decode(source),
    nonce: compactNonce.decode(source),
    tipRao: compactTip.decode(source),
  }
  if (metadataHashMode.decode(source) !== 'Disabled') throw new Error('A metadata hash is not supported.')
  return terms
}

function encodeTerms(terms: ExtrinsicTerms): Uint8Array {
  return concatBytes(
    encode(era, terms.era),
    encode(compactNonce, terms.nonce),
    encode(compactTip, terms.tipRao),
    encode(metadataHashMode, 'Disabled'),
  )
}

function prefixLength(bytes: Uint8Array): Uint8Array {
  const sink = new ByteSink()
  lengthPrefix.encode(bytes.length, sink)
  sink.bytes(bytes)
  return sink.finish()
}
