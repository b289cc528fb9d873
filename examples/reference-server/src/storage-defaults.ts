import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { demoKeys } from './demo-keys.js'

/** In the root of the repository; git ignores it. */
const FOLDER = fileURLToPath(new URL('../../../.holdfast', import.meta.url))

/**
 * The environment, with what this server takes where it says nothing of storage: sessions live in a database file, and
 * keys of the demonstration seal them. In production, neither the file nor keys are made: both must be named.
 *
 * @param folder where the keys are, and the database in a folder of its own: who copies that one has no keys
 */
export async function withStorage (
  environment: NodeJS.ProcessEnv, folder = FOLDER
): Promise<NodeJS.ProcessEnv> {
  const { HOLDFAST_BACKEND = 'sqlite', HOLDFAST_KEYS, HOLDFAST_ENCRYPTION, NODE_ENV } = environment
  const chosen = { ...environment, HOLDFAST_BACKEND }
  if (HOLDFAST_BACKEND !== 'sqlite' || NODE_ENV === 'production') return chosen
  const hasKeys = (HOLDFAST_KEYS ?? HOLDFAST_ENCRYPTION) !== undefined
  return {
    HOLDFAST_SQLITE: join(folder, 'sessions', 'sessions.db'),
    ...!hasKeys && { HOLDFAST_KEYS: await demoKeys(join(folder, 'keys')) },
    ...chosen
  }
}
