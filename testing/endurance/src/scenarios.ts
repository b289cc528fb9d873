import type { Scenario } from './scenario.js'
import { busyMachine } from './scenarios/busy-machine.js'
import { canaries } from './scenarios/canaries.js'
import { crowd } from './scenarios/crowd.js'
import { cutReplies } from './scenarios/cut-replies.js'
import { damagedSnapshots } from './scenarios/damaged-snapshots.js'
import { deadRedis } from './scenarios/dead-redis.js'
import { deleteAgainstSave } from './scenarios/delete-against-save.js'
import { flood } from './scenarios/flood.js'
import { ids } from './scenarios/ids.js'
import { kills } from './scenarios/kills.js'
import { modernConformanceScenario } from './scenarios/modern-conformance.js'
import { modernDeploy } from './scenarios/modern-deploy.js'
import { modernSoak } from './scenarios/modern-soak.js'
import { orphans } from './scenarios/orphans.js'
import { powerLoss } from './scenarios/power-loss.js'
import { redisKills } from './scenarios/redis-kills.js'
import { resumes } from './scenarios/resumes.js'
import { rolls } from './scenarios/rolls.js'
import { rotation } from './scenarios/rotation.js'
import { sqliteDamage } from './scenarios/sqlite-damage.js'
import { sqliteDisk } from './scenarios/sqlite-disk.js'
import { sqliteFrozen } from './scenarios/sqlite-frozen.js'
import { sqliteKills } from './scenarios/sqlite-kills.js'
import { sqliteTogether } from './scenarios/sqlite-together.js'
import { stalledReaders } from './scenarios/stalled-readers.js'
import { vectors } from './scenarios/vectors.js'

/** All of them, by the names that the command line takes; what is quick comes first. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  vectors,
  ids,
  'damaged-snapshots': damagedSnapshots,
  'busy-machine': busyMachine,
  canaries,
  rolls,
  'modern-conformance': modernConformanceScenario,
  'modern-deploy': modernDeploy,
  flood,
  'dead-redis': deadRedis,
  orphans,
  'stalled-readers': stalledReaders,
  resumes,
  'delete-against-save': deleteAgainstSave,
  'redis-kills': redisKills,
  'power-loss': powerLoss,
  'sqlite-kills': sqliteKills,
  'sqlite-together': sqliteTogether,
  'sqlite-frozen': sqliteFrozen,
  'sqlite-disk': sqliteDisk,
  'sqlite-damage': sqliteDamage,
  'cut-replies': cutReplies,
  rotation,
  crowd,
  'modern-soak': modernSoak,
  kills
}
