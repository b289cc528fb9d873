import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))

/** By client: the folder of its package, and what people call it. */
const PACKAGES = {
  'ai-sdk-1': ['ai-sdk-mcp-1', '@ai-sdk/mcp'],
  'ai-sdk-2': ['ai-sdk-mcp-2', '@ai-sdk/mcp'],
  'inspector-cli': ['@modelcontextprotocol/inspector', '@modelcontextprotocol/inspector (its command line)'],
  langchain: ['@langchain/mcp-adapters'],
  mastra: ['@mastra/mcp'],
  'mcp-remote': ['mcp-remote'],
  'mcp-use': ['mcp-use'],
  mcporter: ['mcporter'],
  'openai-agents': ['@openai/agents'],
  'sdk-v1': ['@modelcontextprotocol/sdk'],
  'sdk-v2': ['@modelcontextprotocol/client'],
  'sdk-v2-auto': ['@modelcontextprotocol/client', '@modelcontextprotocol/client (`versionNegotiation: auto`)'],
  'sdk-v2-legacy': ['@modelcontextprotocol/client', '@modelcontextprotocol/client (`versionNegotiation: legacy`)']
}

/** What a client is called, with the version that the lockfile names. */
export function released (client) {
  const [folder, title = folder] = PACKAGES[client] ?? []
  const version = packages[`node_modules/${folder}`]?.version
  if (version === undefined) throw new Error(`testing/world/src/versions.js does not say which package ${client} is`)
  return `${title} ${version}`
}
