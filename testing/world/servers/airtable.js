import { AirtableService, createServer } from 'airtable-mcp-server'
import { serveServer } from '../src/serve-server.js'
import { upstream } from '../src/upstream.js'

const bases = await upstream({ bases: [{ id: 'appKelp', name: 'Kelp', permissionLevel: 'read' }] })

await serveServer(() => createServer({ airtableService: new AirtableService('a-key', bases) }))
