/** A bearer token and the tenant it stands for. */
export interface DemoToken {
  tenant: string
  token: string
}

const ENTRY = /^(?<tenant>[\w.-]+):(?<token>[\w.~+/-]+=*)$/

/**
 * Reads `tenant-a:<token>,tenant-b:<token>`. A tenant may have several tokens, a token only one tenant.
 *
 * @throws Error which names the entry by its position and shows nothing of it: it may hold a token
 */
export function parseDemoTokens (text: string): DemoToken[] {
  const tokens: DemoToken[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const { tenant, token } = ENTRY.exec(entry.trim())?.groups ?? {}
    if (tenant === undefined || token === undefined) throw new Error(`entry ${index + 1} is not <tenant>:<token>`)
    if (tokens.some(known => known.token === token)) throw new Error(`entry ${index + 1} repeats a token`)
    tokens.push({ tenant, token })
  }
  return tokens
}
