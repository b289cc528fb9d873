import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSecretKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Scenario } from '../scenario.js'

const run = promisify(execFile)
/** Where Debian's package has them, below the root. */
const FOLDER = 'usr/lib/python3/dist-packages/cryptography_vectors'
const PACKAGE = 'python3-cryptography-vectors'

type Vector = Record<string, string>

export const vectors: Scenario = {
  promise: 'what seals is AES-256-GCM and HKDF-SHA-256 as NIST and RFC 5869 publish them, ' +
    'and opens nothing that was changed',
  figures: 'all 15,750 vectors of CAVS 14.0 with a 256-bit key, and of RFC 5869 with SHA-256',
  deadline: 5,
  run: async trial => {
    const { encrypt, decrypt } = await internal('aead.js')
    const { extract, expand } = await internal('hkdf.js')
    const folder = await published()
    trial.tell(`vectors of ${PACKAGE}`)
    let [sealed, opened, refused, short, derived] = [0, 0, 0, 0, 0]
    const encryptions = await read(join(folder, 'ciphers/AES/GCM/gcmEncryptExtIV256.rsp'))
    for (const { Key, IV, PT, AAD, CT, Tag = '' } of encryptions) {
      const { ciphertext, tag } = encrypt(hex(Key), hex(IV), hex(PT), hex(AAD))
      // A shorter tag is the beginning of the whole one (NIST SP 800-38D, 7.1).
      assert.deepEqual([ciphertext.toString('hex'), tag.toString('hex').slice(0, Tag.length)], [CT, Tag])
      sealed++
    }
    for (const { Key, IV, PT, AAD, CT, Tag, FAIL } of await read(join(folder, 'ciphers/AES/GCM/gcmDecrypt256.rsp'))) {
      if (Tag?.length !== 32) {
        const decrypting = (): unknown => decrypt(hex(Key), hex(IV), hex(CT), hex(Tag), hex(AAD))
        assert.throws(decrypting, 'a short tag is not even looked at')
        short++
        continue
      }
      const plaintext = decrypt(hex(Key), hex(IV), hex(CT), hex(Tag), hex(AAD))
      assert.equal(plaintext?.toString('hex'), FAIL === undefined ? PT : undefined)
      if (FAIL === undefined) opened++
      else refused++
    }
    for (const { Hash, IKM, salt, info, L, PRK, OKM } of await read(join(folder, 'KDF/rfc-5869-HKDF-SHA256.txt'))) {
      assert.equal(Hash, 'SHA-256')
      assert.equal(extract(hex(salt), hex(IKM)).export().toString('hex'), PRK)
      const output = Buffer.concat(expand(createSecretKey(hex(PRK)), hex(info), Math.ceil(Number(L) / 32)))
      assert.equal(output.subarray(0, Number(L)).toString('hex'), OKM)
      derived++
    }
    assert.ok(sealed === 7_875 && opened + refused + short === 7_875 && derived === 3, 'the files are whole')
    return `${sealed} sealed, ${opened} opened, ${refused} refused, ${derived} derived as published; ` +
      `${short} with a short tag refused`
  }
}

/** Published nowhere: it is what the exported functions are made of. */
async function internal (file: string): Promise<any> {
  return await import(new URL(file, import.meta.resolve('@holdfast/envelope')).href)
}

/** The folder of the vectors: as installed, or out of the package, which needs no root. */
async function published (): Promise<string> {
  if (existsSync(`/${FOLDER}`)) return `/${FOLDER}`
  const folder = await mkdtemp(join(tmpdir(), 'vectors-'))
  const download = async (): Promise<unknown> => await run('apt-get', ['download', '-qq', PACKAGE], { cwd: folder })
  await download().catch(async () => {
    // The lists of a fresh machine are empty or old.
    await run('apt-get', ['update', '-qq'])
    await download()
  })
  for (const file of await readdir(folder)) await run('dpkg-deb', ['-x', join(folder, file), folder])
  return join(folder, FOLDER)
}

/** Blocks of `name = value`; what stands in brackets holds for the blocks below it. */
async function read (path: string): Promise<Vector[]> {
  const found: Vector[] = []
  let common: Vector = {}
  for (const line of (await readFile(path, 'utf8')).split(/\r?\n/)) {
    const [, bracket, name, value = ''] = /^(\[?)(\w+)(?: *= *([^\]]*))?\]?$/.exec(line) ?? []
    if (name === undefined) continue
    if (bracket === '[') common = { ...common, [name]: value }
    else if (/^count$/i.test(name)) found.push({ ...common })
    else Object.assign(found.at(-1) ?? {}, { [name]: value })
  }
  return found
}

function hex (text = ''): Buffer {
  return Buffer.from(text, 'hex')
}
