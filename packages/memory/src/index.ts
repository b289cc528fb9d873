export { memory } from './memory.js'
export type { MemoryOptions } from './options.js'
