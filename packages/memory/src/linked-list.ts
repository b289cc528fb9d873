export interface ListNode<T> {
  previous: T | undefined
  next: T | undefined
}

/** A doubly linked list. Its items are the nodes, in order of insertion; removing any of them takes constant time. */
export class LinkedList<T extends ListNode<T>> {
  first: T | undefined = undefined
  last: T | undefined = undefined
  size = 0

  push (item: T): void {
    item.previous = this.last
    if (this.last === undefined) this.first = item
    else this.last.next = item
    this.last = item
    this.size++
  }

  * [Symbol.iterator] (): Generator<T> {
    for (let item = this.first; item !== undefined; item = item.next) yield item
  }

  remove (item: T): void {
    if (item.previous === undefined) this.first = item.next
    else item.previous.next = item.next
    if (item.next === undefined) this.last = item.previous
    else item.next.previous = item.previous
    item.previous = item.next = undefined
    this.size--
  }
}
