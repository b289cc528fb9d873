const PREFIX = 4

/** Looks for many secrets at once, in one pass over the bytes: as text, hexadecimal, and base64 wherever it begins. */
export class CanarySearch {
  /** By the first four bytes of a form. */
  readonly #forms = new Map<number, Array<{ name: string, form: Buffer }>>()

  /** @param canaries secrets of at least eight characters, by a name that may be shown */
  constructor (canaries: ReadonlyMap<string, string>) {
    for (const [name, canary] of canaries) {
      for (const [how, form] of forms(canary)) {
        const prefix = form.readUInt32BE(0)
        const same = this.#forms.get(prefix) ?? []
        same.push({ name: `${name} as ${how}`, form })
        this.#forms.set(prefix, same)
      }
    }
  }

  /** The names of those that are in there. */
  found (bytes: Buffer): string[] {
    const found = new Set<string>()
    let window = 0
    for (let end = 0; end < bytes.length; end++) {
      window = (window << 8 | bytes[end] as number) >>> 0
      const start = end + 1 - PREFIX
      if (start < 0) continue
      for (const { name, form } of this.#forms.get(window) ?? []) {
        const until = Math.min(bytes.length, start + form.length)
        if (bytes.compare(form, 0, form.length, start, until) === 0) found.add(name)
      }
    }
    return [...found]
  }
}

function forms (canary: string): Array<[how: string, form: Buffer]> {
  const bytes = Buffer.from(canary)
  // What depends on a neighbour is left out.
  const shifted = [0, 1, 2].flatMap((shift): string[] => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    return [padded.subarray(0, padded.length - padded.length % 3).toString('base64').slice(shift === 0 ? 0 : 4)]
  })
  return [
    ['text', bytes],
    ['hexadecimal', Buffer.from(bytes.toString('hex'))],
    ...shifted.map((form): [string, Buffer] => ['base64', Buffer.from(form)]),
    ...shifted.map((form): [string, Buffer] =>
      ['base64url', Buffer.from(form.replaceAll('+', '-').replaceAll('/', '_'))])
  ]
}
