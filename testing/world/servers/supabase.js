import { createSupabaseMcpServer } from '@supabase/mcp-server-supabase'
import { createSupabaseApiPlatform } from '@supabase/mcp-server-supabase/platform/api'
import { serveServer } from '../src/serve-server.js'
import { upstream } from '../src/upstream.js'

const apiUrl = await upstream([{ id: 'kelp', slug: 'kelp', name: 'Kelp' }])
const platform = createSupabaseApiPlatform({ accessToken: 'a-token', apiUrl })

await serveServer(() => createSupabaseMcpServer({ platform, features: ['account', 'database'] }))
