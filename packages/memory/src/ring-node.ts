/** A node of a ring, that is, of a circular doubly linked list. A single node is a ring with itself. */
export class RingNode {
  earlier: RingNode = this
  later: RingNode = this

  /** Inserts a single node at the end of the ring that begins with this node. */
  append (node: RingNode): void {
    node.earlier = this.earlier
    node.later = this
    this.earlier.later = node
    this.earlier = node
  }

  /** Removes this node from its ring. */
  leaveRing (): void {
    this.earlier.later = this.later
    this.later.earlier = this.earlier
    this.earlier = this.later = this
  }
}
