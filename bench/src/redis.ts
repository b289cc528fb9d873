import { RedisServer } from '@holdfast/real-redis'

/** Does something with a Redis of its own, which writes what it is told to a file as one in production does. */
export async function withRedis<T> (
  work: (server: RedisServer) => Promise<T>, settings: readonly string[] = []
): Promise<T> {
  const server = await RedisServer.start(['--appendonly', 'yes', ...settings])
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}
