/** Objects by the paths of their members: `{ ttl: { idle: 1 } }` for `[['ttl.idle', 1]]`. */
export function nested (values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const [group = '', name] = path.split('.')
    result[group] = name === undefined ? value : { ...result[group] as object, [name]: value }
  }
  return result
}
