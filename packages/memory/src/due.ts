/** A place in a ring of the expiry wheel. Alone, it is a ring of itself. */
export class Due {
  earlier: Due = this
  later: Due = this

  /** Puts a lone place at the end of the ring that this one begins. */
  append (place: Due): void {
    place.earlier = this.earlier
    place.later = this
    this.earlier.later = place
    this.earlier = place
  }

  leave (): void {
    this.earlier.later = this.later
    this.later.earlier = this.earlier
    this.earlier = this.later = this
  }
}
