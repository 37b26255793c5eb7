/** Storage, events and errors of the simulated pallets, with node-subtensor's indices. */
import { bytes, vec } from '../scale/collections.ts'
import { enumeration, plainEnumeration } from '../scale/named.ts'
import { bool, u16, u32, u64 } from '../scale/numbers.ts'
import {
  accountId,
  accountInfo,
  alphaBalance,
  dispatchError,
  dispatchInfo,
  hash256,
  mechid,
  netuid,
  netuidStorageIndex,
  perU16,
  taoBalance,
} from './primitives.ts'
import { blake2, doubleMapItem, identity, mapItem, plainItem, twox64 } from './storage.ts'
import { axonInfo, subnetIdentity } from './subtensor-types.ts'

const ZERO_32 = `0x${'00'.repeat(32)}`

/** Indices of the pallets in the runtime. */
export const PALLET_INDEX = {
  System: 0,
  Timestamp: 2,
  Balances: 5,
  TransactionPayment: 6,
  SubtensorModule: 7,
  Utility: 11,
} as const

export const system = {
  account: mapItem('System.Account', blake2(accountId), {
    value: accountInfo,
    fallback: {
      nonce: 0,
      consumers: 0,
      providers: 0,
      sufficients: 0,
      data: { free: 0n, reserved: 0n, frozen: 0n, flags: 0n },
    },
  }),
  blockHash: mapItem('System.BlockHash', twox64(u32), { value: hash256, fallback: ZERO_32 }),
  number: plainItem('System.Number', u32, 0),
  parentHash: plainItem('System.ParentHash', hash256, ZERO_32),
  eventCount: plainItem('System.EventCount', u32, 0),
}

export const timestamp = { now: plainItem('Timestamp.Now', u64, 0n) }

export const balances = { totalIssuance: plainItem('Balances.TotalIssuance', taoBalance, 0n) }

const byNetuid = identity(netuid)
const byMechanism = identity(netuidStorageIndex)

/** Indexed by netuid, but `incentive` and `lastUpdate` by netuid + 4096 · mechid. */
export const subtensor = {
  networksAdded: mapItem('SubtensorModule.NetworksAdded', byNetuid, { value: bool, fallback: false }),
  totalNetworks: plainItem('SubtensorModule.TotalNetworks', u16, 0),
  subnetworkN: mapItem('SubtensorModule.SubnetworkN', byNetuid, { value: u16, fallback: 0 }),
  maxAllowedUids: mapItem('SubtensorModule.MaxAllowedUids', byNetuid, { value: u16, fallback: 256 }),
  tempo: mapItem('SubtensorModule.Tempo', byNetuid, { value: u16, fallback: 360 }),
  networkRegisteredAt: mapItem('SubtensorModule.NetworkRegisteredAt', byNetuid, { value: u64, fallback: 0n }),
  subnetOwner: mapItem('SubtensorModule.SubnetOwner', byNetuid, { value: accountId, fallback: ZERO_32 }),
  subnetOwnerHotkey: mapItem('SubtensorModule.SubnetOwnerHotkey', byNetuid, {
    value: accountId,
    fallback: ZERO_32,
  }),
  tokenSymbol: mapItem('SubtensorModule.TokenSymbol', byNetuid, { value: bytes, fallback: new Uint8Array() }),
  subnetIdentity: mapItem('SubtensorModule.SubnetIdentitiesV3', blake2(netuid), {
    value: subnetIdentity,
    fallback: null,
  }),
  mechanismCount: mapItem('SubtensorModule.MechanismCountCurrent', twox64(netuid), {
    value: mechid,
    fallback: 1,
  }),
  subnetTao: mapItem('SubtensorModule.SubnetTAO', byNetuid, { value: taoBalance, fallback: 0n }),
  subnetAlphaIn: mapItem('SubtensorModule.SubnetAlphaIn', byNetuid, { value: alphaBalance, fallback: 0n }),
  subnetAlphaOut: mapItem('SubtensorModule.SubnetAlphaOut', byNetuid, { value: alphaBalance, fallback: 0n }),
  uids: doubleMapItem('SubtensorModule.Uids', [byNetuid, blake2(accountId)], { value: u16, fallback: null }),
  keys: doubleMapItem('SubtensorModule.Keys', [byNetuid, identity(u16)], {
    value: accountId,
    fallback: ZERO_32,
  }),
  axons: doubleMapItem('SubtensorModule.Axons', [byNetuid, blake2(accountId)], {
    value: axonInfo,
    fallback: null,
  }),
  owner: mapItem('SubtensorModule.Owner', blake2(accountId), { value: accountId, fallback: ZERO_32 }),
  blockAtRegistration: doubleMapItem('SubtensorModule.BlockAtRegistration', [byNetuid, identity(u16)], {
    value: u64,
    fallback: 0n,
  }),
  totalHotkeyAlpha: doubleMapItem('SubtensorModule.TotalHotkeyAlpha', [blake2(accountId), byNetuid], {
    value: alphaBalance,
    fallback: 0n,
  }),
  incentive: mapItem('SubtensorModule.Incentive', byMechanism, { value: vec(perU16), fallback: [] }),
  lastUpdate: mapItem('SubtensorModule.LastUpdate', byMechanism, { value: vec(u64), fallback: [] }),
  emission: mapItem('SubtensorModule.Emission', byNetuid, { value: vec(alphaBalance), fallback: [] }),
  active: mapItem('SubtensorModule.Active', byNetuid, { value: vec(bool), fallback: [] }),
  validatorPermit: mapItem('SubtensorModule.ValidatorPermit', byNetuid, { value: vec(bool), fallback: [] }),
  consensus: mapItem('SubtensorModule.Consensus', byNetuid, { value: vec(perU16), fallback: [] }),
  dividends: mapItem('SubtensorModule.Dividends', byNetuid, { value: vec(perU16), fallback: [] }),
  validatorTrust: mapItem('SubtensorModule.ValidatorTrust', byNetuid, { value: vec(perU16), fallback: [] }),
}

export const systemEvent = enumeration('frame_system::pallet::Event', {
  ExtrinsicSuccess: [0, { dispatch_info: dispatchInfo }],
  ExtrinsicFailed: [1, { dispatch_error: dispatchError, dispatch_info: dispatchInfo }],
  CodeUpdated: [2, {}],
  NewAccount: [3, { account: accountId }],
  KilledAccount: [4, { account: accountId }],
  Remarked: [5, { sender: accountId, hash: hash256 }],
})

const BALANCES_EVENTS = {
  Endowed: [0, { account: accountId, free_balance: taoBalance }],
  DustLost: [1, { account: accountId, amount: taoBalance }],
  Transfer: [2, { from: accountId, to: accountId, amount: taoBalance }],
  Withdraw: [8, { who: accountId, amount: taoBalance }],
} as const

export const balancesEvent = enumeration('pallet_balances::pallet::Event', BALANCES_EVENTS)

/** As a runtime upgrade might change it: a client that knows only the old layout would read the memo as part of the amount. */
export const balancesEventWithMemo = enumeration('pallet_balances::pallet::Event', {
  ...BALANCES_EVENTS,
  Transfer: [2, { from: accountId, to: accountId, memo: bytes, amount: taoBalance }],
})

export const feeEvent = enumeration('pallet_transaction_payment::pallet::Event', {
  TransactionFeePaid: [0, { who: accountId, actual_fee: taoBalance, tip: taoBalance }],
})

export const subtensorEvent = enumeration('pallet_subtensor::pallet::Event', {
  NeuronRegistered: [6, { _0: netuid, _1: u16, _2: accountId }],
  AxonServed: [28, { _0: netuid, _1: accountId }],
  StakeTransferred: [
    91,
    { _0: accountId, _1: accountId, _2: accountId, _3: netuid, _4: netuid, _5: taoBalance },
  ],
})

export const utilityEvent = enumeration('pallet_utility::pallet::Event', {
  BatchInterrupted: [0, { index: u32, error: dispatchError }],
  BatchCompleted: [1, {}],
  BatchCompletedWithErrors: [2, {}],
  ItemCompleted: [3, {}],
  ItemFailed: [4, { error: dispatchError }],
})

export const systemError = plainEnumeration('frame_system::pallet::Error', [
  'InvalidSpecName',
  'SpecVersionNeedsToIncrease',
  'FailedToExtractRuntimeVersion',
  'NonDefaultComposite',
  'NonZeroRefCount',
  'CallFiltered',
])

/** The four that `serve_axon` can end with. */
export const SUBTENSOR_ERROR_INDEX = {
  InvalidIpType: 1,
  InvalidIpAddress: 2,
  InvalidPort: 3,
  HotKeyNotRegisteredInNetwork: 6,
} as const

export const subtensorError = enumeration('pallet_subtensor::pallet::Error', {
  InvalidIpType: [1, {}],
  InvalidIpAddress: [2, {}],
  InvalidPort: [3, {}],
  HotKeyNotRegisteredInNetwork: [6, {}],
})

export const utilityError = plainEnumeration('pallet_utility::pallet::Error', [
  'TooManyCalls',
  'InvalidDerivedAccount',
])

/** Index of the storage that each mechanism of a subnet has for itself. */
export function mechanismIndex(netuidValue: number, mechidValue: number): number {
  return netuidValue + 4096 * mechidValue
}
