/** Reads a subnet value by value, for runtimes without a call for the whole of it. All values are of one block. */
import { type Columns, parseColumns } from './convert.ts'
import { asAccount, asList, asNullable, asNumber, asRecord } from './narrow.ts'
import type { Storage } from './storage.ts'

/** Items that are per mechanism stand at netuid + 4096 · mechid. */
const MECHANISM_STRIDE = 4096

/** @param storage - of the pallet `subtensorModule` @throws Error when the subnet or the mechanism does not exist */
export async function readMetagraphStorage(
  storage: Storage,
  netuid: number,
  mechid: number,
): Promise<Columns> {
  const exists = await storage.read('networksAdded', netuid)
  const mechanisms = (await readKnown(storage, 'mechanismCountCurrent', netuid)) ?? 1
  if (exists !== true || mechid >= asNumber(mechanisms)) {
    throw new Error(`Subnet ${netuid} or its mechanism does not exist.`)
  }
  const count = asNumber(await storage.read('subnetworkN', netuid))
  const uids = Array.from({ length: count }, (_, uid) => [netuid, uid] as const)
  const hotkeys = asList(asAccount)(await storage.readMany('keys', uids))
  const index = netuid + MECHANISM_STRIDE * mechid
  const byHotkey = hotkeys.map((hotkey) => [netuid, hotkey] as const)
  const [head, perUid, perHotkey] = await Promise.all([
    readHead(storage, netuid),
    readVectors(storage, netuid, index),
    Promise.all([
      storage.readMany('axons', byHotkey),
      storage.readMany(
        'owner',
        hotkeys.map((hotkey) => [hotkey]),
      ),
      storage.readMany('blockAtRegistration', uids),
      readStake(storage, hotkeys, netuid),
    ]),
  ])
  const [axons, coldkeys, registered, stake] = perHotkey
  return parseColumns({
    ...head,
    ...perUid,
    hotkeys,
    coldkeys,
    axons,
    block_at_registration: registered,
    total_stake: stake,
  })
}

async function readHead(storage: Storage, netuid: number) {
  const [identity, registeredAt, ownerHotkey, ownerColdkey, tempo] = await Promise.all([
    readKnown(storage, 'subnetIdentitiesV3', netuid),
    storage.read('networkRegisteredAt', netuid),
    storage.read('subnetOwnerHotkey', netuid),
    storage.read('subnetOwner', netuid),
    storage.read('tempo', netuid),
  ])
  return {
    name: asNullable(asRecord)(identity)?.subnet_name ?? null,
    network_registered_at: registeredAt,
    owner_hotkey: ownerHotkey,
    owner_coldkey: ownerColdkey,
    tempo,
  }
}

async function readVectors(storage: Storage, netuid: number, index: number) {
  const [active, validatorPermit, lastUpdate, emission, incentives] = await Promise.all([
    storage.read('active', netuid),
    storage.read('validatorPermit', netuid),
    storage.read('lastUpdate', index),
    storage.read('emission', netuid),
    storage.read('incentive', index),
  ])
  return { active, validator_permit: validatorPermit, last_update: lastUpdate, emission, incentives }
}

/** The hotkey's alpha on this subnet: without the runtime call, the TAO part cannot be had. */
async function readStake(storage: Storage, hotkeys: readonly Uint8Array[], netuid: number) {
  if (!storage.has('totalHotkeyAlpha')) return null
  return storage.readMany(
    'totalHotkeyAlpha',
    hotkeys.map((hotkey) => [hotkey, netuid]),
  )
}

/** Null for an item that this runtime does not have. */
async function readKnown(storage: Storage, item: string, netuid: number): Promise<unknown> {
  return storage.has(item) ? storage.read(item, netuid) : null
}
