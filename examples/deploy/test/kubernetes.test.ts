import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { count, open } from '@holdfast/clients/by-hand'
import { statusAs } from '@holdfast/clients/host'
import { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { startChildServer } from '@holdfast/reference-server/child-server'
import { readEnvironment } from '@holdfast/reference-server/environment'
import { Deployment } from 'kubernetes-models/apps/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Secret, Service } from 'kubernetes-models/v1'
import t from 'tap'
import { imageEnvironment } from './fixtures/dockerfile.js'
import { text, yaml } from './fixtures/files.js'
import { typeErrors } from './fixtures/type-errors.js'

const MODELS = {
  'deployment.yaml': { Model: Deployment, from: 'kubernetes-models/apps/v1' },
  'network-policy.yaml': { Model: NetworkPolicy, from: 'kubernetes-models/networking.k8s.io/v1' },
  'pod-disruption-budget.yaml': { Model: PodDisruptionBudget, from: 'kubernetes-models/policy/v1' },
  'secret.example.yaml': { Model: Secret, from: 'kubernetes-models/v1' },
  'service.yaml': { Model: Service, from: 'kubernetes-models/v1' }
}
const [deployment, policy, budget, secret, service] = await Promise.all(Object.keys(MODELS).map(async name =>
  await yaml(`kubernetes/${name}`)))
const pod = deployment.spec.template.spec
const [server] = pod.containers
const KEYS = generateKey()
const variables: Record<string, string> = Object.fromEntries(
  server.env.map(({ name, value = '' }: { name: string, value?: string }) => [name, value])
)

t.test('every manifest is there, and is what the API takes', async t => {
  const files = await readdir(new URL('../kubernetes', import.meta.url))
  t.strictSame(files.filter(name => name !== 'kustomization.yaml').sort(), Object.keys(MODELS))
  for (const [name, { Model }] of Object.entries(MODELS)) {
    const manifest = await yaml(`kubernetes/${name}`)
    t.equal(manifest.kind, Model.kind, name)
    t.equal(manifest.apiVersion, Model.apiVersion, name)
    t.doesNotThrow(() => { new Model(manifest as never).validate() }, name)
  }
  const wrong = { ...deployment, spec: { ...deployment.spec, replicas: 'three' } }
  t.throws(() => { new Deployment(wrong).validate() }, /replicas/)
})

t.test('no field has a name that the API does not know', async t => {
  const manifests = await Promise.all(Object.entries(MODELS).map(async ([name, { from }]) =>
    ({ from, manifest: await yaml(`kubernetes/${name}`) })))
  const misspelt = {
    from: 'kubernetes-models/apps/v1',
    manifest: { ...deployment, spec: { ...deployment.spec, minReadySecond: 1 } }
  }
  t.match(typeErrors(t, [...manifests, misspelt]), { 0: /minReadySecond/, length: 1 }, 'and such a name would be found')
})

t.test('kustomization.yaml names them, but for the example of a Secret', async t => {
  const { resources } = await yaml('kubernetes/kustomization.yaml')
  t.strictSame(resources.sort(), Object.keys(MODELS).filter(name => !name.startsWith('secret')))
})

t.test('labels, ports and names agree', async t => {
  const { labels } = deployment.spec.template.metadata
  const selectors = [
    deployment.spec.selector.matchLabels, budget.spec.selector.matchLabels, policy.spec.podSelector.matchLabels,
    service.spec.selector
  ]
  for (const selected of selectors) t.match(labels, selected)
  t.match(labels, pod.topologySpreadConstraints[0].labelSelector.matchLabels)
  const [port] = server.ports
  t.equal(String(port.containerPort), (await imageEnvironment()).PORT)
  const ports = [
    service.spec.ports[0].targetPort, server.readinessProbe.httpGet.port, server.livenessProbe.httpGet.port,
    policy.spec.ingress[0].ports[0].port
  ]
  for (const named of ports) t.equal(named, port.name)
  for (const { name, valueFrom } of server.env) {
    if (valueFrom === undefined) continue
    t.equal(valueFrom.secretKeyRef.name, secret.metadata.name)
    t.ok(valueFrom.secretKeyRef.key in secret.stringData, name)
  }
})

t.test('the reference server understands its variables, and there is time for the drain', async t => {
  const { REDIS_URL } = secret.stringData
  const settings = readEnvironment({ ...await imageEnvironment(), ...variables, REDIS_URL, HOLDFAST_KEYS: KEYS })
  t.match(settings.storage, { backend: 'redis', redis: { durability: 'strict' } })
  t.equal(settings.own.host, '0.0.0.0')
  const { shutdown, allowedHosts } = settings.options
  t.strictSame(allowedHosts, ['mcp.example.com'])
  const [, seconds] = server.lifecycle.preStop.exec.command
  const needed = Number(seconds) * 1_000 + Number(shutdown?.delay ?? 0) + Number(shutdown?.timeout ?? 0) + 1_000
  t.ok(pod.terminationGracePeriodSeconds * 1_000 >= needed)
  const heap = Number(/--max-old-space-size=(\d+)/.exec(variables.NODE_OPTIONS ?? '')?.[1])
  const memory = Number.parseInt(server.resources.limits.memory)
  t.ok(heap <= 0.8 * memory, 'the heap leaves room for the rest of the process')
})

t.test('the example of a Secret has no key, and the server says so', async t => {
  const environment = { ...secret.stringData, HOLDFAST_BACKEND: 'redis' }
  t.throws(() => readEnvironment(environment), /HOLDFAST_KEYS: keys\[0\]\.key: expected 32 bytes/)
})

t.test('a deploy takes no pod away before another is ready, and nobody is privileged', async t => {
  t.strictSame(deployment.spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
  t.ok(budget.spec.maxUnavailable < deployment.spec.replicas)
  t.match(pod, {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } }
  })
  t.match(server.securityContext, {
    allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] }
  })
})

t.test('the variables that Kubernetes makes of Services would stop the server, so they are off', async t => {
  const prefix = service.metadata.name.toUpperCase()
  const made = { [`${prefix}_SERVICE_HOST`]: '10.0.0.1', [`${prefix}_PORT`]: 'tcp://10.0.0.1:80' }
  await t.rejects(startChildServer({ HOLDFAST_BACKEND: 'memory', ...made }), {
    message: /HOLDFAST_SERVICE_HOST: is not a variable of this server\nHOLDFAST_PORT: is not/
  })
  t.equal(pod.enableServiceLinks, false)
})

t.test('a server as in the manifest answers the probes, serves during preStop, and then ends in time', async t => {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
  t.teardown(async () => { await redis.stop() })
  const HOLDFAST_ALLOWED_HOSTS = `${variables.HOLDFAST_ALLOWED_HOSTS},127.0.0.1`
  const child = await startChildServer({
    ...variables, HOLDFAST_ALLOWED_HOSTS, REDIS_URL: redis.url, HOLDFAST_KEYS: KEYS
  })
  t.teardown(async () => { await child.kill() })
  const probe = async ({ httpGet: { path } }: any): Promise<number> => (await fetch(new URL(path, child.url))).status
  t.equal(await probe(server.livenessProbe), 200)
  t.equal(await probe(server.readinessProbe), 200)
  t.equal(await statusAs('mcp.example.com', child.url), 200)
  t.equal(await statusAs('attacker.example', child.url, { origin: 'http://attacker.example' }), 403)
  const session = await open(child.url)
  const [command, ...args] = server.lifecycle.preStop.exec.command
  const preStop = spawn(command, args, { stdio: 'ignore' })
  const waited = once(preStop, 'exit')
  let total = 0
  while (preStop.exitCode === null) total = await count(child.url, session)
  t.ok(total > 1)
  t.strictSame(await waited, [0, null])
  t.match(child.log(), /^[^\n]*refused because of its Host[^\n]*\n$/)
  await redis.kill()
  t.equal(await probe(server.readinessProbe), 503, 'without Redis it is not ready')
  t.equal(await probe(server.livenessProbe), 200, 'and not restarted')
  const asked = performance.now()
  t.equal(await child.stop(), 0)
  t.ok(performance.now() - asked < pod.terminationGracePeriodSeconds * 1_000 - 5_000)
})

t.test('nothing here is a secret', async t => {
  const manifests = Object.keys(MODELS).map(name => `kubernetes/${name}`)
  for (const name of [...manifests, 'compose.yaml', 'Dockerfile', 'redis.conf']) {
    t.notMatch(await text(name), /[A-Za-z0-9+/]{43}=/, fileURLToPath(new URL(`../${name}`, import.meta.url)))
  }
})
