/** Keys and addresses. No coldkey is ever read. */
export { createDepositAddresses, type DepositAddress, type DepositAddresses } from './deposit-addresses.ts'
export { HotkeyFileError } from './hotkey-file.ts'
export { createDevelopmentSigner, createSignerFromFile } from './signer.ts'
