type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the entries that are undefined, so that defaults apply to them. */
export function given<T extends object> (entries: T): Given<T> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Given<T>
}
