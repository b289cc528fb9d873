import t from 'tap'
import { type Principal, ownerDigest, samePrincipal } from '../dist/index.js'
import { ownerName } from '../dist/principal.js'

const PARTS = [
  undefined, '', 'a', '-', '1:a', 'null', '"', '",null,"', 'a,b', '\ud800', '\ud801', '\ufffd', 'é', 'e\u0301'
]

function principals (): Principal[] {
  const all: Principal[] = []
  for (const issuer of PARTS) {
    for (const subject of PARTS.filter(part => part !== undefined && part !== '')) {
      for (const clientId of PARTS) {
        for (const tenantId of PARTS) {
          for (const perClient of [undefined, true]) {
            all.push(JSON.parse(JSON.stringify({ issuer, subject, clientId, tenantId, perClient })))
          }
        }
      }
    }
  }
  return all
}

/** Without those that another client of one owner stands for already. */
function owners (): Principal[] {
  return principals().filter(({ clientId, perClient }) => perClient === true || clientId === undefined)
}

t.test('no two owners have one name, however their parts are chosen', async (t) => {
  const all = owners()
  t.equal(new Set(all.map(ownerName)).size, all.length)
})

t.test('the digest in storage keeps them apart as well', async (t) => {
  const some = owners().filter((_, index) => index % 7 === 0)
  t.equal(new Set(some.map(principal => ownerDigest('mcp', principal))).size, some.length)
})

t.test('being the same principal and having the same name agree', async (t) => {
  const all = [null, ...principals()]
  const wrong: unknown[] = []
  for (const [index, a] of all.entries()) {
    // A copy, a neighbour that differs in one part, and anyone.
    for (const b of [structuredClone(a), all[(index + 1) % all.length], all[Math.floor(Math.random() * all.length)]]) {
      if (samePrincipal(a, b as Principal) !== (ownerName(a) === ownerName(b as Principal))) wrong.push([a, b])
    }
    if (!samePrincipal(a, structuredClone(a))) wrong.push(a)
  }
  t.strictSame(wrong, [])
})

t.test('an absent part is not an empty one, and undefined is absent', async (t) => {
  const absent: Principal = { subject: 'ada' }
  for (const part of ['issuer', 'tenantId']) {
    t.notOk(samePrincipal(absent, { ...absent, [part]: '' }))
    t.not(ownerName(absent), ownerName({ ...absent, [part]: '' }))
    t.ok(samePrincipal(absent, { ...absent, [part]: undefined } as Principal))
    t.equal(ownerName(absent), ownerName({ ...absent, [part]: undefined } as Principal))
  }
})

t.test('a client separates owners only where the principal says so', async (t) => {
  const [one, two] = [{ subject: 'ada', clientId: 'one' }, { subject: 'ada', clientId: 'two' }]
  t.ok(samePrincipal(one, two), 'a client that registers anew')
  t.equal(ownerName(one), ownerName({ subject: 'ada' }))
  t.equal(ownerName(one), ownerName({ ...two, perClient: false }))
  const apart = [
    { ...one, perClient: true },
    { ...two, perClient: true },
    { subject: 'ada', perClient: true },
    { subject: 'ada', clientId: '', perClient: true },
    one
  ]
  t.equal(new Set(apart.map(ownerName)).size, apart.length)
  for (const a of apart) for (const b of apart) t.equal(samePrincipal(a, b), a === b)
})

t.test('what else an object holds does not matter to who it is', async (t) => {
  const known = { subject: 'ada', token: 'secret' }
  t.ok(samePrincipal(known, { subject: 'ada' }))
  t.equal(ownerName(known), ownerName({ subject: 'ada' }))
})

t.test('nobody is the same as nobody only', async (t) => {
  t.ok(samePrincipal(null, null))
  t.notOk(samePrincipal(null, { subject: 'ada' }))
  t.notOk(samePrincipal({ subject: 'ada' }, null))
  t.equal(ownerName(null), '')
})

t.test('what is no principal owns nothing: a missing subject must not be shared by all who lack it', async (t) => {
  for (const wrong of [
    {},
    { subject: undefined },
    { subject: '' },
    { subject: 7 },
    { subject: ['ada'] },
    { subject: 'ada', issuer: null },
    { subject: 'ada', clientId: 7 },
    { subject: 'ada', tenantId: {} },
    { subject: 'ada', perClient: 'yes' },
    'ada',
    7,
    ['ada'],
    undefined
  ]) {
    t.throws(() => ownerName(wrong as Principal), { code: 'HOLDFAST_INVALID_OPTION', path: 'principal' })
  }
})
