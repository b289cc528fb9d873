// Resolves the SDK from another folder, for all modules. Its own imports follow by themselves.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const NAME = '@modelcontextprotocol/server'
let parentURL

export function initialize (folder) {
  parentURL = pathToFileURL(join(folder, 'index.js')).href
}

export async function resolve (specifier, context, next) {
  const isSdk = specifier === NAME || specifier.startsWith(`${NAME}/`)
  return await next(specifier, isSdk ? { ...context, parentURL } : context)
}
