import { HTTP_VARIABLES } from './http-variables.js'
import { SESSION_VARIABLES } from './session-variables.js'
import { STORAGE_VARIABLES } from './storage-variables.js'
import type { Variable } from './variable.js'

/** Every variable that `fromEnv` reads, in the order of the documentation. */
export const VARIABLES: readonly Variable[] = [...STORAGE_VARIABLES, ...SESSION_VARIABLES, ...HTTP_VARIABLES]
