import { memory } from '@holdfast/memory'

/** What `HOLDFAST_BACKEND` can name. */
export const BACKENDS = { memory }

export type BackendName = keyof typeof BACKENDS
