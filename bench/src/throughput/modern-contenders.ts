import type { Build } from '../footprint/tool-server.js'
import type { Contender } from './contender.js'

const builds = {
  5: { tools: 5, style: 'hoisted' },
  40: { tools: 40, style: 'hoisted' },
  '40-naive': { tools: 40, style: 'naive' }
} as const satisfies Record<string, Build>

/** Those that are called as revision 2026-07-28 has it, and a session beside them. */
export const modernContenders = {
  'modern-shared-5': shared(builds[5]),
  'modern-shared-40': shared(builds[40]),
  'modern-shared-40-naive': shared(builds['40-naive']),
  'modern-sdk-5': sdk(builds[5]),
  'modern-sdk-40': sdk(builds[40]),
  'modern-sdk-40-naive': sdk(builds['40-naive']),
  'modern-bridge': {
    title: '2026-07-28: Holdfast on Fastify, bridge, pooled v1 servers',
    mode: 'json',
    client: 'modern',
    start: async () => await (await import('./holdfast-modern.js')).onBridge()
  },
  'modern-legacy': {
    title: 'Holdfast on Fastify, `auto`, with `modern: \'auto\'`',
    mode: 'json',
    client: 'session',
    start: async () => await (await import('./holdfast-modern.js')).onBoth()
  }
} satisfies Record<string, Contender>

function shared (build: Build): Contender {
  return {
    title: `2026-07-28: Holdfast on Fastify, shared v2 server, ${described(build)}`,
    mode: 'json',
    client: 'modern',
    start: async () => await (await import('./holdfast-modern.js')).onShared(build)
  }
}

function sdk (build: Build): Contender {
  return {
    title: `2026-07-28: SDK handler on Fastify, ${described(build)}`,
    mode: 'json',
    client: 'modern',
    start: async () => await (await import('./sdk-modern.js')).sdkModern(build)
  }
}

function described ({ tools, style }: Build): string {
  return `${tools} tools, ${style}`
}
