import * as library from 'ai-sdk-mcp-2'
import { serveAiSdk } from '../src/ai-sdk.js'

serveAiSdk(library)
