/** What a server sent is not what the protocol says. */
export class Malformed extends Error {
  constructor(sentence) {
    super(sentence);
    this.name = 'Malformed';
  }
}
