import { readdirSync } from 'node:fs'

const folder = new URL('../clients/', import.meta.url)

/** The names of the programs in `clients/`. */
export const CLIENTS = readdirSync(folder).filter(file => file.endsWith('.js')).map(file => file.slice(0, -3)).sort()
