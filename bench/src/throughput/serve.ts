import { answer } from '../child.js'
import type { Contender } from './contender.js'
import { contenders, type ContenderName } from './contenders.js'

// The server's process: starts the contender it is told and reports the CPU time it has used, in µs.
answer({
  start: async ({ name, redis }: { name: ContenderName, redis: string }) =>
    await (contenders[name] as Contender).start(redis),
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  }
})
