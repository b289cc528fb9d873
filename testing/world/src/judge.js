/** What became of a client, from good to bad. */
export const GOES_ON = 'goes on'
export const BEGINS_ANEW = 'new session'
export const FAILS = 'fails'
export const HANGS = 'hangs'
export const CANNOT = 'cannot'

/** What one answer of a client is worth. `right` says whether the content is as it should be. */
export function judged ({ ok, cannot, hangs, error }, right = () => true) {
  if (cannot !== undefined) return { is: CANNOT, why: cannot }
  if (hangs === true) return { is: HANGS }
  if (error !== undefined) return { is: FAILS, why: error }
  return right(ok) ? { is: GOES_ON } : { is: FAILS, why: JSON.stringify(ok) }
}

/** What the next call of a session that had a `total` of 1 says of it. */
export function continued (answer, expected) {
  const { total } = answer.ok ?? {}
  if (total === 1 && expected > 1) return { is: BEGINS_ANEW }
  return judged(answer, ok => ok.total === expected)
}
