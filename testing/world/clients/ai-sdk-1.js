import * as library from 'ai-sdk-mcp-1'
import { serveAiSdk } from '../src/ai-sdk.js'

serveAiSdk(library)
