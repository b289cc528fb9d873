import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import t, { type Test } from 'tap'
import { Envelope, type KeyProvider, Keyring } from '../src/index.js'
import { failure } from './fixtures/failure.js'
import { FakeKms } from './fixtures/kms.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const [example = '', aws = '', vault = ''] = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code as string)

async function run (t: Test, code: string): Promise<Record<string, (...given: unknown[]) => KeyProvider>> {
  const source = code.replaceAll('@holdfast/envelope', new URL('../src/index.ts', import.meta.url).href)
  return await import(pathToFileURL(join(t.testdir({ 'example.mjs': source }), 'example.mjs')).href)
}

/** Two processes understand each other, and what the KMS did not make is broken. */
async function serves (t: Test, provider: () => KeyProvider, stranger: () => KeyProvider): Promise<void> {
  const plaintext = Buffer.from('state')
  const sealed = await new Envelope(new Keyring(provider())).seal(plaintext, 'a')
  t.strictSame(await new Envelope(new Keyring(provider())).open(sealed, 'a'), plaintext)
  t.equal((await failure(() => new Envelope(new Keyring(stranger())).open(sealed, 'a'))).code, 'HOLDFAST_SEAL_BROKEN')
}

t.test('the example prints what it says', async (t) => {
  const calls = t.capture(console, 'log')
  await run(t, example)
  t.strictSame(calls().map(({ args }) => format(...args)), Array.from(example.matchAll(/\/\/ prints: (.*)$/gm), ([, text = '']) => text))
  t.match(example, /\/\/ prints: /)
})

t.test('the recipe for AWS KMS works against its interface', async (t) => {
  const { awsKms } = await run(t, aws)
  const client = (kms: FakeKms): unknown => ({
    encrypt: async ({ KeyId, Plaintext }: { KeyId: string, Plaintext: Uint8Array }) => {
      t.equal(KeyId, 'alias/sessions')
      return { CiphertextBlob: await kms.wrap(Plaintext) }
    },
    decrypt: async ({ CiphertextBlob }: { CiphertextBlob: Uint8Array }) => {
      const Plaintext = await kms.unwrap(CiphertextBlob)
      if (Plaintext === undefined) throw Object.assign(new Error('no'), { name: 'InvalidCiphertextException' })
      return { Plaintext }
    }
  })
  const kms = new FakeKms('kms')
  await serves(t, () => awsKms!(client(kms), 'alias/sessions'), () => awsKms!(client(new FakeKms('other')), 'alias/sessions'))
  const sealed = await new Envelope(new Keyring(awsKms!(client(kms), 'alias/sessions'))).seal(Buffer.from('x'), 'a')
  kms.down = new Error('throttled')
  const error = await failure(() => new Envelope(new Keyring(awsKms!(client(kms), 'alias/sessions'))).open(sealed, 'a'))
  t.match(error, { code: 'HOLDFAST_KMS_UNAVAILABLE', cause: kms.down })
})

t.test('the recipe for Vault works against its interface', async (t) => {
  const { vaultTransit } = await run(t, vault)
  const kms = new FakeKms('kms')
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
      t.equal(request.headers['x-vault-token'], 'token')
      const data = request.url === '/v1/transit/encrypt/sessions'
        ? { ciphertext: `vault:v1:${Buffer.from(await kms.wrap(Buffer.from(body.plaintext, 'base64'))).toString('base64')}` }
        : { plaintext: (await kms.unwrap(Buffer.from(body.ciphertext.slice(9), 'base64')) as Buffer | undefined)?.toString('base64') }
      response.writeHead('plaintext' in data && data.plaintext === undefined ? 400 : 200).end(JSON.stringify({ data }))
    })()
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const transit = (): KeyProvider => vaultTransit!(address, 'token', 'sessions')
  await serves(t, transit, () => {
    const stranger = transit()
    return { id: stranger.id, wrap: stranger.wrap, unwrap: () => stranger.unwrap(Buffer.from('vault:v1:AAAA')) }
  })
  t.match(await failure(() => new Envelope(new Keyring(vaultTransit!('http://127.0.0.1:1', 'token', 'x'))).seal(Buffer.from('x'), 'a')), { code: 'HOLDFAST_KMS_UNAVAILABLE' })
})
