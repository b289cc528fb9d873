import { randomBytes } from 'node:crypto'
import { Envelope, Keyring } from '@holdfast/envelope'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { inTurns } from './in-turns.js'

const BATCHES = 300
const BATCH = 100
/** As a session's record has it. */
const AAD = ['mcp', 'session', `${'t'.repeat(12)}.${'k'.repeat(43)}`, '1']

/** Sealing and opening, and the same with jose, in turns. */
export async function seal (): Promise<Figure[]> {
  const root = randomBytes(32)
  const envelope = new Envelope(new Keyring([{ id: 'k1', key: root }]))
  const plaintext = { kilobyte: randomBytes(1024), two: randomBytes(2048) }
  const sealed = {
    kilobyte: await envelope.seal(plaintext.kilobyte, AAD), two: await envelope.seal(plaintext.two, AAD)
  }
  const header = { alg: 'dir', enc: 'A256GCM', kid: 'k1' }
  const encrypt = async (): Promise<string> =>
    await new CompactEncrypt(plaintext.two).setProtectedHeader(header).encrypt(root)
  const jwe = await encrypt()
  const turns = await inTurns({
    seal1: () => envelope.seal(plaintext.kilobyte, AAD),
    open1: () => envelope.open(sealed.kilobyte, AAD),
    seal2: () => envelope.seal(plaintext.two, AAD),
    open2: () => envelope.open(sealed.two, AAD),
    joseSeal2: encrypt,
    joseOpen2: async () => await compactDecrypt(jwe, root)
  }, { batches: BATCHES, batch: BATCH })
  const took = (name: keyof typeof turns): number => median(turns[name].wall)
  const ratio = 'jose (dir, A256GCM, compact) ÷ ours'
  return [
    { what: 'seal 1 KB', value: took('seal1'), unit: 'µs', target: 20 },
    { what: 'open 1 KB', value: took('open1'), unit: 'µs', target: 20 },
    { what: 'sealed, beyond the plaintext, binary', value: sealed.kilobyte.length - 1024, unit: 'bytes', target: 100 },
    { what: 'seal 2 KB', value: took('seal2'), unit: 'µs' },
    { what: 'open 2 KB', value: took('open2'), unit: 'µs' },
    { what: `${ratio}, seal 2 KB`, value: took('joseSeal2') / took('seal2'), unit: '×', least: 2 },
    { what: `${ratio}, open 2 KB`, value: took('joseOpen2') / took('open2'), unit: '×', least: 2 }
  ]
}
