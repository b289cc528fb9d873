import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import t, { type Test } from 'tap'
import { Envelope, type KeyProvider, Keyring } from '../dist/index.js'
import { failure } from './fixtures/failure.js'
import { FakeKms } from './fixtures/kms.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const [example = '', aws = '', azure = '', google = '', vault = ''] = Array.from(
  readme.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code as string
)

async function run (t: Test, code: string): Promise<Record<string, (...given: unknown[]) => KeyProvider>> {
  const source = code.replaceAll('@holdfast/envelope', new URL('../dist/index.js', import.meta.url).href)
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
  t.strictSame(
    calls().map(({ args }) => format(...args)),
    Array.from(example.matchAll(/\/\/ prints: (.*)$/gm), ([, text = '']) => text)
  )
  t.match(example, /\/\/ prints: /)
})

interface Recipe {
  code: string
  name: string
  /**
   * A client of that service, over a stand-in for the service; it throws what the service does for a ciphertext that is
   * none of its own.
   */
  client: (t: Test, kms: FakeKms) => unknown
  /** What the recipe is given after the client. */
  rest: string[]
}

const RECIPES: Record<string, Recipe> = {
  'AWS KMS': {
    code: aws,
    name: 'awsKms',
    client: (t, kms) => ({
      encrypt: async ({ KeyId, Plaintext }: { KeyId: string, Plaintext: Uint8Array }) => {
        t.equal(KeyId, 'alias/sessions')
        return { CiphertextBlob: await kms.wrap(Plaintext) }
      },
      decrypt: async ({ CiphertextBlob }: { CiphertextBlob: Uint8Array }) => ({
        Plaintext: await known(kms, CiphertextBlob, { name: 'InvalidCiphertextException' })
      })
    }),
    rest: ['alias/sessions']
  },
  'Azure Key Vault': {
    code: azure,
    name: 'azureKeyVault',
    client: (t, kms) => ({
      wrapKey: async (algorithm: string, key: Uint8Array) => {
        t.equal(algorithm, 'RSA-OAEP-256')
        return { result: await kms.wrap(key) }
      },
      unwrapKey: async (algorithm: string, wrapped: Uint8Array) => {
        t.equal(algorithm, 'RSA-OAEP-256')
        return { result: await known(kms, wrapped, { statusCode: 400 }) }
      }
    }),
    rest: []
  },
  'Google Cloud KMS': {
    code: google,
    name: 'googleKms',
    client: (t, kms) => ({
      encrypt: async ({ name, plaintext }: { name: string, plaintext: Uint8Array }) => {
        t.equal(name, 'projects/p/key')
        return [{ ciphertext: await kms.wrap(plaintext) }]
      },
      decrypt: async ({ name, ciphertext }: { name: string, ciphertext: Uint8Array }) => {
        t.equal(name, 'projects/p/key')
        return [{ plaintext: await known(kms, ciphertext, { code: 3 }) }]
      }
    }),
    rest: ['projects/p/key']
  }
}

async function known (kms: FakeKms, ciphertext: Uint8Array, refusal: object): Promise<Uint8Array> {
  const plaintext = await kms.unwrap(ciphertext)
  if (plaintext === undefined) throw Object.assign(new Error('no'), refusal)
  return plaintext
}

for (const [service, { code, name, client, rest }] of Object.entries(RECIPES)) {
  t.test(`the recipe for ${service} works against its interface`, async (t) => {
    const make = (await run(t, code))[name]!
    const kms = new FakeKms('kms')
    await serves(t, () => make(client(t, kms), ...rest), () => make(client(t, new FakeKms('other')), ...rest))
    const sealed = await new Envelope(new Keyring(make(client(t, kms), ...rest))).seal(Buffer.from('x'), 'a')
    kms.down = new Error('throttled')
    const error = await failure(() => new Envelope(new Keyring(make(client(t, kms), ...rest))).open(sealed, 'a'))
    t.match(error, { code: 'HOLDFAST_KMS_UNAVAILABLE', cause: kms.down })
  })
}

function base64 (bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('base64')
}

t.test('the recipe for Vault works against its interface', async (t) => {
  const { vaultTransit } = await run(t, vault)
  const kms = new FakeKms('kms')
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
      t.equal(request.headers['x-vault-token'], 'token')
      const data = request.url === '/v1/transit/encrypt/sessions'
        ? { ciphertext: `vault:v1:${base64(await kms.wrap(Buffer.from(body.plaintext, 'base64')))}` }
        : { plaintext: base64(await kms.unwrap(Buffer.from(body.ciphertext.slice(9), 'base64'))) }
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
  t.match(await failure(
    () => new Envelope(new Keyring(vaultTransit!('http://127.0.0.1:1', 'token', 'x'))).seal(Buffer.from('x'), 'a')
  ), {
    code: 'HOLDFAST_KMS_UNAVAILABLE'
  })
})
