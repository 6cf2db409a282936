/** Why a connection ends, and what a client does then. */

/** The close codes by number, in the order in which messages count them. */
export const CLOSE_CODES = new Map([
  [1000, 'Normal'],
  [1002, 'BadFrame'],
  [1003, 'NotText'],
  [1007, 'BadUtf8'],
  [1009, 'TooLarge'],
  [4000, 'Malformed'],
  [4001, 'OutOfOrder'],
  [4002, 'WrongProtocol'],
  [4003, 'RefusedOrigin'],
  [4004, 'Unauthorized'],
  [4005, 'Flooding'],
  [4006, 'Kicked'],
  [4007, 'RoomFailed'],
  [4008, 'Replaced'],
  [4100, 'NoHello'],
  [4101, 'TooSlow'],
  [4102, 'NoPong'],
  [4103, 'Full'],
  [4104, 'Failed'],
  [4200, 'GoingAway'],
  [4009, 'Elsewhere'],
  [4105, 'AuthTimeout'],
  [4106, 'AccountInUse'],
]);

const BACK_OFF = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

/**
 * What a client does after any close code, known or not: `'stop'` and show the reason, `'back-off'`
 * and come back, or `'reconnect'` at once.
 */
export function afterClose(code) {
  if ((code >= 4100 && code <= 4199) || BACK_OFF.has(code)) return 'back-off';
  return code >= 4200 && code <= 4299 ? 'reconnect' : 'stop';
}
