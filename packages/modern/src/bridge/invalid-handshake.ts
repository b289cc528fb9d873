/** A server refused the capabilities or the name that the client gave. It is the client's mistake. */
export class InvalidHandshake extends Error {
  constructor () {
    super('the server refused what the client said of itself')
  }
}
