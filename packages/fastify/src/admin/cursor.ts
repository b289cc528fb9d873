/** Binds a backend's cursor to its list, because it has no meaning in another list. */
export function encodeCursor (list: string, cursor: string): string {
  return Buffer.from(`${list}\n${cursor}`).toString('base64url')
}

/** @returns the backend's cursor; undefined when it was not made for this list */
export function decodeCursor (list: string, text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64url')
  const [of, ...rest] = bytes.toString().split('\n')
  return of === list && bytes.toString('base64url') === text ? rest.join('\n') : undefined
}
