/** What the clients of one session were told of its total, kept where no server can reach it. */
export class Account {
  /** Increments that were answered with a total. */
  acknowledged = 0
  /** Increments that were answered with an error, or not at all: each may have counted or not. */
  unclear = 0
  /** What cannot be, in words. */
  readonly wrong: string[] = []
  readonly #totals = new Set<number>()
  #running = 0

  /** An increment is about to be sent. Its outcome is one of the three that are returned. */
  begin (): { counted: (total: number) => void, unclear: () => void, notSent: () => void } {
    const known = this.acknowledged
    this.#running++
    return {
      counted: total => {
        const most = this.acknowledged + this.unclear + this.#running
        this.#running--
        this.acknowledged++
        if (total <= known) this.wrong.push(`lost: a total of ${total} after ${known} acknowledged increments`)
        if (total > most) this.wrong.push(`doubled: a total of ${total} where at most ${most} increments were sent`)
        if (this.#totals.has(total)) this.wrong.push(`lost: two increments were told the total ${total}`)
        this.#totals.add(total)
      },
      unclear: () => {
        this.#running--
        this.unclear++
      },
      notSent: () => { this.#running-- }
    }
  }

  /** Nothing runs any more, and this is the total: every acknowledged increment is in it, once. */
  close (total: number): void {
    const { acknowledged, unclear } = this
    const found = `the total is ${total} after ${acknowledged} acknowledged`
    if (total < acknowledged) this.wrong.push(`lost: ${found} increments`)
    if (total > acknowledged + unclear) this.wrong.push(`doubled: ${found} and ${unclear} unclear increments`)
  }
}
