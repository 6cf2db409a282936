/**
 * The codes of the protocol, as lengths of their words: by code, then by symbol, a digit each, of which
 * `a` is ten. The same numbers as in `proto/src/codec/lengths.rs`; a test compares them.
 */
export const LENGTHS = `
  2223457899aaaa99998
  2314578999aaaaaa998
  2223457899aaaaaaaa7
  22234579999aaaaaa97
  32224569aaaaaaaaaa8
  22234569aaaaaaaaaa8
  33323345899aaaaaa96
  4333233579aa9999997
  6324434544379aaaaaa
  4213569a9a9aaaaaaaa
  412356aa999aaaaaaaa
  31245789899aaaaaa99
  646331368aaaaaaaa99
  964331358aaaaaaaaaa
  a8532146aaaaaaaaaaa
  6335786414588999999
  33223456899aaaaaaaa
  23333345689aaaaaa99
  6765755444434334456
  1344435689a9aaaaaaa
  33223456aaaaaa99999
  8875533232579aaaaaa
  7766443223479aaaaaa
`.match(/\w+/g).map((digits) => Array.from(digits, (digit) => parseInt(digit, 16)));
