/* greenroom-client 0.1.0, MIT OR Apache-2.0, made by clients/js/tools/bundle.mjs */
const $error=(()=>{
class GreenroomError extends Error {
constructor(code, sentence) {
super(sentence);
this.name = new.target.name;
this.code = code;
}
}
class Malformed extends GreenroomError {
constructor(sentence, unknown = false) {
super('Malformed', sentence);
this.unknown = unknown;
}
}
class Refused extends GreenroomError {
constructor(why, text) {
super(why, `refused (${why}): ${text}${HINTS[why] ?? ''}`);
this.text = text;
}
}
const HINTS = {
OtherSchema: ': update the client',
AlreadySeated: ': leave the other room first',
BadToken: ': join anew',
SeatGone: ': join anew',
Moved: ': go on in client.room',
Busy: ': try again in a moment',
RoomFull: ': join another room, or wait for a seat with client.wait()',
};
class TimedOut extends GreenroomError {
constructor(what, ms) {
super('TimedOut', `no answer to ${what} within ${ms} ms`);
}
}
class Misuse extends GreenroomError {}
class Closed extends GreenroomError {
constructor(by, code, reason, then, retryAfterMs = null) {
super(code, `${ENDED[by]} (${code}): ${reason}`);
this.by = by;
this.reason = reason;
this.then = then;
this.retryAfterMs = retryAfterMs;
}
}
const ENDED = {
server: 'the server closed the connection',
network: 'the connection broke',
client: 'the connection was closed here',
};
return{GreenroomError,Malformed,Refused,TimedOut,Misuse,Closed};
})();
const $target=(()=>{
const{Malformed,Misuse}=$error;
const json = (value) => (value == null || Object.keys(value).length === 0 ? '' : JSON.stringify(value));
function metaValue(value) {
switch (typeof value) {
case 'string': return { type: 'Text', value };
case 'boolean': return { type: 'Bool', value };
case 'bigint': return { type: 'Int', value };
default:
if (Number.isSafeInteger(value)) return { type: 'Int', value: BigInt(value) };
throw new Misuse('BadQuery', `${value} cannot be in a room's metadata: `
+ 'give a text, a whole number or a truth value');
}
}
const metadataOf = (meta = {}) => Object.entries(meta).map(([key, value]) => ({ key, value: metaValue(value) }));
function newRoom({ options, seats = null, visibility = 'listed', meta }) {
const names = { listed: 'Listed', unlisted: 'Unlisted', private: 'Private' };
if (!Object.hasOwn(names, visibility)) {
throw new Misuse('BadQuery', `visibility must be listed, unlisted or private, and is ${visibility}`);
}
return { options: json(options), seats, visibility: names[visibility], metadata: metadataOf(meta) };
}
function toCreate(game, options, { seats, visibility, meta } = {}) {
if (seats === undefined && visibility === undefined && meta === undefined) {
return { type: 'Create', game, options: json(options) };
}
return { type: 'New', game, room: newRoom({ options, seats, visibility, meta }) };
}
const toJoin = (game, options) => ({ type: 'Open', game, options: json(options) });
const toJoinOrCreate = (game, options) => ({ type: 'OpenOrCreate', game, options: json(options) });
const toMatch = (query, orCreate) => ({
type: 'Match',
query: queryOf(query),
or_create: orCreate == null ? null : newRoom(orCreate),
});
const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;
function testOf(test) {
if (test === null || typeof test !== 'object') return { type: 'Is', value: metaValue(test) };
if ('not' in test) return { type: 'Not', value: metaValue(test.not) };
if ('oneOf' in test) return { type: 'OneOf', values: test.oneOf.map(metaValue) };
if ('startsWith' in test) return { type: 'StartsWith', prefix: test.startsWith };
if ('from' in test || 'to' in test) {
return { type: 'Between', from: BigInt(test.from ?? LEAST), to: BigInt(test.to ?? MOST) };
}
throw new Misuse('BadQuery', 'a condition is a value, { not }, { from, to }, { oneOf } or { startsWith }');
}
const FACTS = { players: 'Players', free: 'Free', age: 'Age' };
function factOf(name) {
if (Object.hasOwn(FACTS, name)) return { type: FACTS[name] };
if (name.startsWith('meta.')) return { type: 'Key', key: name.slice(5) };
throw new Misuse('BadQuery', `a room has no ${name}: ask for players, free, age or meta.something`);
}
function queryOf({ game, where = {}, sort = '-age', limit = 0, cursor = null }) {
const conditions = Object.entries(where).map(([name, test]) => ({ fact: factOf(name), test: testOf(test) }));
const descending = sort.startsWith('-');
return { game, conditions, sort: { by: factOf(descending ? sort.slice(1) : sort), descending }, limit, cursor };
}
function plainNumber(value) {
return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
function jsonOf(text) {
try {
return text === '' ? null : JSON.parse(text);
} catch {
throw new Malformed('the server sent a text that is not JSON');
}
}
function foundOf({ players_max: playersMax, age_secs: ageSecs, options, metadata, ...room }) {
const meta = Object.fromEntries((metadata ?? []).map(({ key, value }) => [key, plainNumber(value.value)]));
return { ...room, playersMax, ageSecs, options: jsonOf(options) ?? {}, meta };
}
return{toCreate,toJoin,toJoinOrCreate,toMatch,queryOf,jsonOf,foundOf};
})();
const $watch=(()=>{
const{foundOf}=$target;
class Watch {
constructor(query, tell) {
this.query = query;
this.tell = tell;
this.rooms = new Map();
this.anew = false;
this.answered = false;
}
restart() {
this.anew = true;
}
take({ added, changed, removed }) {
this.answered = true;
const news = { added: added.map(foundOf), changed: changed.map(foundOf), removed };
if (this.anew) {
this.anew = false;
const here = new Set(added.map(({ room }) => room));
news.removed = [...this.rooms.keys()].filter((id) => !here.has(id));
news.changed = news.added.filter(({ room }) => this.rooms.has(room));
news.added = news.added.filter(({ room }) => !this.rooms.has(room));
}
for (const id of news.removed) this.rooms.delete(id);
for (const room of [...news.added, ...news.changed]) this.rooms.set(room.room, room);
this.tell(this.rooms, news);
}
}
return{Watch};
})();
const $client=(()=>{
const{Misuse}=$error;
const{foundOf,queryOf,toCreate,toJoin,toJoinOrCreate,toMatch}=$target;
const{Watch}=$watch;
class Client {
#session;
constructor(session) {
this.#session = session;
}
get server() { return this.#session.connection.welcome.server; }
get games() { return this.#session.connection.welcome.games; }
get state() { return this.#session.connection.state; }
get room() { return this.#session.room; }
get closed() { return this.#session.closed; }
on(name, hear) {
return this.#session.emitter.on(name, hear);
}
create(game, options, how) { return this.#join(toCreate(game, options, how), how); }
join(game, options, how) { return this.#join(toJoin(game, options), how); }
joinOrCreate(game, options, how) { return this.#join(toJoinOrCreate(game, options), how); }
joinById(room, how) { return this.#join({ type: 'Room', room }, how); }
joinByCode(code, how) { return this.#join({ type: 'Code', code }, how); }
joinReserved(code, how) { return this.#join({ type: 'Reserved', code }, how); }
match(query, how) { return this.#join(toMatch(query, how?.orCreate), how); }
wait(room, { onPlace, ...how } = {}) {
return this.#join({ type: 'Wait', room }, { timeout: 600_000, ...how }, onPlace ?? (() => {}));
}
async resume(token, { timeout = this.#session.timeoutMs } = {}) {
this.#unseated();
const text = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
const attempt = this.#session.connection.pauses.attempt();
const message = { type: 'Resume', token: bytes, attempt, tick: null, events: null, schema: null };
const late = () => this.#session.connection.socket.drop('no answer to Resume');
return this.#session.entered(await this.#session.call(message, timeout, late));
}
async spectate(room, { timeout = this.#session.timeoutMs } = {}) {
this.#unseated();
const id = typeof room === 'string' ? room : room.id;
const message = { type: 'Spectate', room: id, schema: null };
return this.#session.entered(await this.#session.call(message, timeout));
}
async list(game) {
return (await this.#session.call({ type: 'List', game })).map(foundOf);
}
async find(query) {
const { rooms, next } = await this.#session.call({ type: 'Find', query: queryOf(query) });
return { rooms: rooms.map(foundOf), next };
}
async watch(query, hear = () => {}) {
const watch = new Watch(queryOf(query), (...words) => this.#session.emitter.call(hear, ...words));
const { id, answer } = this.#session.ask({ type: 'Watch', query: watch.query });
this.#session.watches.set(id, watch);
try {
await answer;
} catch (error) {
this.#session.watches.delete(id);
throw error;
}
return { rooms: watch.rooms, stop: () => this.#unwatch(watch) };
}
async reserve(where, seats) {
const makers = { create: toCreate, join: toJoin, joinOrCreate: toJoinOrCreate };
const { room, how = 'joinOrCreate', game, options } = where;
if (room === undefined && !Object.hasOwn(makers, how)) {
throw new Misuse('BadTarget', `seats are kept by how: ${Object.keys(makers).join(', ')}; or by room`);
}
const to = room === undefined ? makers[how](game, options, where) : { type: 'Room', room };
return this.#session.call({ type: 'Reserve', to, seats });
}
unreserve(code) {
this.#session.connection.say({ type: 'Unreserve', code });
}
setToken(token) {
this.#session.token = token;
}
close() {
this.#session.connection.close();
}
#unseated() {
if (this.#session.room === null) return;
throw new Misuse('AlreadySeated', 'this client is in a room: leave it first');
}
async #join(to, how = {}, onPlace = null) {
const { profile = this.#session.profile, timeout = this.#session.timeoutMs, signal } = how;
this.#unseated();
signal?.throwIfAborted();
const { name = '', data } = profile;
const said = { name, data: data === undefined ? '' : JSON.stringify(data) };
const unqueue = (id) => {
if (!this.#session.queued.delete(id)) return;
this.#session.unqueued = id;
this.#session.connection.say({ type: 'Leave' });
};
const message = { type: 'Join', to, schema: null, profile: said };
const { id, answer } = this.#session.ask(message, timeout, unqueue);
if (onPlace !== null) this.#session.queued.set(id, onPlace);
const abort = () => {
this.#session.calls.settle(id, null, signal.reason);
unqueue(id);
};
signal?.addEventListener('abort', abort);
try {
return await this.#session.entered(await answer);
} finally {
this.#session.queued.delete(id);
signal?.removeEventListener('abort', abort);
}
}
#unwatch(watch) {
for (const [id, other] of this.#session.watches) {
if (other !== watch) continue;
this.#session.watches.delete(id);
this.#session.connection.say({ type: 'Unwatch', id });
}
}
}
return{Client};
})();
const $platform=(()=>{
const PLATFORM = {
webSocket(url, protocol) {
const Socket = globalThis.WebSocket;
if (Socket === undefined) throw new TypeError('there is no WebSocket here: use Node 22 or newer');
return new Socket(url, protocol);
},
fetch: (url, how) => globalThis.fetch(url, how),
now: () => performance.now(),
date: () => Date.now(),
random: () => Math.random(),
later: (work, ms) => setTimeout(work, ms),
cancel: (timer) => clearTimeout(timer),
onWake(wake) {
const { document } = globalThis;
const seen = () => document.visibilityState === 'visible' && wake();
const places = [
[globalThis, 'online', wake],
[globalThis, 'pageshow', wake],
[document, 'visibilitychange', seen],
].filter(([place]) => typeof place?.addEventListener === 'function');
for (const [place, name, hear] of places) place.addEventListener(name, hear);
return () => places.forEach(([place, name, hear]) => place.removeEventListener(name, hear));
},
report(error) {
if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
else setTimeout(() => { throw error; });
},
};
return{PLATFORM};
})();
const $close=(()=>{
const CLOSE_CODES = new Map([
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
function afterClose(code) {
if ((code >= 4100 && code <= 4199) || BACK_OFF.has(code)) return 'back-off';
return code >= 4200 && code <= 4299 ? 'reconnect' : 'stop';
}
return{CLOSE_CODES,afterClose};
})();
const $closed=(()=>{
const{CLOSE_CODES,afterClose}=$close;
const{Closed}=$error;
function closedByServer(code, reason, said) {
const known = CLOSE_CODES.get(code) ?? 'no reason given';
return new Closed('server', code, reason || known, afterClose(code), said?.retry_after_ms ?? null);
}
function closedByNetwork(why, said) {
if (said !== null) return closedByServer(said.code, '', said);
return new Closed('network', 1006, why, afterClose(1006));
}
function closedHere(code, why) {
return new Closed('client', code, why, afterClose(code));
}
return{closedByServer,closedByNetwork,closedHere};
})();
const $wire=(()=>{
const{Malformed}=$error;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
function textOf(bytes) {
try {
return UTF8.decode(bytes);
} catch {
throw new Malformed('a text is not UTF-8');
}
}
class Reader {
constructor(bytes) {
this.bytes = bytes;
this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
this.at = 0;
}
skip(count) {
const start = this.at;
if (count > this.bytes.length - start) throw new Malformed('the message ends early');
this.at += count;
return start;
}
byte() {
return this.bytes[this.skip(1)];
}
varint(size) {
const first = this.byte();
if (first < 251) return first;
if (first === 251) return this.view.getUint16(this.skip(2), true);
if (first === 252 && size >= 4) return this.view.getUint32(this.skip(4), true);
throw new Malformed('a number is larger than its type');
}
big() {
const first = this.bytes[this.at];
if (first !== 253) return BigInt(this.varint(4));
this.at += 1;
return this.view.getBigUint64(this.skip(8), true);
}
length(max) {
const length = this.big();
if (length > BigInt(max)) throw new Malformed(`a length of ${length} where ${max} is the most`);
return Number(length);
}
take(count) {
const start = this.skip(count);
return this.bytes.slice(start, start + count);
}
}
class Writer {
constructor() {
this.bytes = new Uint8Array(64);
this.length = 0;
}
grow(count) {
const start = this.length;
this.length += count;
if (this.length > this.bytes.length) {
const larger = new Uint8Array(2 * this.length);
larger.set(this.bytes);
this.bytes = larger;
}
return start;
}
byte(value) {
const start = this.grow(1);
this.bytes[start] = value;
}
varint(value) {
if (value < 251) {
this.byte(Number(value));
return;
}
const [mark, size] = value < 0x10000 ? [251, 2] : value < 0x100000000 ? [252, 4] : [253, 8];
this.byte(mark);
let rest = BigInt(value);
for (let start = this.grow(size), place = 0; place < size; place += 1) {
this.bytes[start + place] = Number(rest & 0xffn);
rest >>= 8n;
}
}
put(bytes) {
const start = this.grow(bytes.length);
this.bytes.set(bytes, start);
}
}
function decode(type, bytes) {
const reader = new Reader(bytes);
const value = type.read(reader);
if (reader.at !== bytes.length) throw new Malformed('bytes are left over after the message');
return value;
}
function encode(type, value) {
const writer = new Writer();
type.write(writer, value);
return writer.bytes.slice(0, writer.length);
}
function whole(most) {
return (value) => {
if (!Number.isInteger(value) || value < 0 || value > most) {
throw new TypeError(`${value} is not a whole number from 0 to ${most}`);
}
return value;
};
}
const byteOf = whole(0xff);
const shortOf = whole(0xffff);
const wordOf = whole(0xffffffff);
const u8 = { read: (r) => r.byte(), write: (w, value) => w.byte(byteOf(value)) };
const u16 = { read: (r) => r.varint(2), write: (w, value) => w.varint(shortOf(value)) };
const u32 = { read: (r) => r.varint(4), write: (w, value) => w.varint(wordOf(value)) };
const u64 = {
read: (r) => r.big(),
write(w, value) {
if (BigInt.asUintN(64, value) !== value) throw new TypeError(`${value} is not of 64 bits`);
w.varint(value);
},
};
const i64 = {
read(r) {
const folded = r.big();
return (folded >> 1n) ^ -(folded & 1n);
},
write(w, value) {
if (BigInt.asIntN(64, value) !== value) throw new TypeError(`${value} is not of 64 bits`);
w.varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
},
};
const bool = {
read(r) {
const byte = r.byte();
if (byte > 1) throw new Malformed('a truth value is neither 0 nor 1');
return byte === 1;
},
write: (w, value) => w.byte(value ? 1 : 0),
};
const double = {
read(r) {
SCRATCH.setBigUint64(0, r.big());
return SCRATCH.getFloat64(0);
},
write(w, value) {
SCRATCH.setFloat64(0, value);
w.varint(SCRATCH.getBigUint64(0));
},
};
const SCRATCH = new DataView(new ArrayBuffer(8));
function blob(max) {
return {
read: (r) => r.take(r.length(max)),
write(w, value) {
if (value.length > max) throw new RangeError(`more than ${max} bytes`);
w.varint(value.length);
w.put(value);
},
};
}
function text(max) {
const bytes = blob(max);
return {
read: (r) => textOf(bytes.read(r)),
write: (w, value) => bytes.write(w, ENCODER.encode(value)),
};
}
function list(type, max) {
return {
read(r) {
const values = [];
for (let left = r.length(max); left > 0; left -= 1) values.push(type.read(r));
return values;
},
write(w, values) {
if (values.length > max) throw new RangeError(`more than ${max} values`);
w.varint(values.length);
for (const value of values) type.write(w, value);
},
};
}
function option(type) {
return {
read: (r) => (bool.read(r) ? type.read(r) : null),
write(w, value) {
bool.write(w, value != null);
if (value != null) type.write(w, value);
},
};
}
function struct(fields) {
const entries = Object.entries(fields);
return {
read(r) {
const value = {};
for (const [name, type] of entries) value[name] = type.read(r);
return value;
},
write(w, value) {
for (const [name, type] of entries) type.write(w, value[name]);
},
};
}
function variants(kinds) {
const names = Object.keys(kinds);
const types = names.map((name) => struct(kinds[name]));
return {
read(r) {
const index = r.varint(4);
if (index >= names.length) throw new Malformed(`there is no variant ${index}`, true);
return { type: names[index], ...types[index].read(r) };
},
write(w, value) {
const index = names.indexOf(value.type);
if (index < 0) throw new TypeError(`there is no variant ${value.type}`);
w.varint(index);
types[index].write(w, value);
},
};
}
function choice(values, open = false) {
return {
read(r) {
const index = r.varint(4);
if (index < values.length) return values[index];
if (!open) throw new Malformed(`there is no variant ${index}`, true);
return `Unknown${index}`;
},
write(w, value) {
const known = values.indexOf(value);
const index = known < 0 && open ? Number(/^Unknown(\d+)$/.exec(value)?.[1] ?? -1) : known;
if (index < 0) throw new TypeError(`there is no variant ${value}`);
w.varint(index);
},
};
}
return{textOf,decode,encode,u8,u16,u32,u64,i64,bool,double,blob,text,list,option,struct,variants,choice};
})();
const $room_id=(()=>{
const{u64}=$wire;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARACTERS = 13;
function roomText(id) {
let text = '';
for (let place = CHARACTERS - 1; place >= 0; place -= 1) {
text += ALPHABET[Number((id >> BigInt(5 * place)) & 31n)];
}
return text;
}
function roomNumber(text) {
let id = 0n;
for (const character of text.toUpperCase()) {
const digit = ALPHABET.indexOf(character);
if (digit < 0) throw new TypeError(`${text} is not a room id`);
id = (id << 5n) | BigInt(digit);
}
if (text.length !== CHARACTERS || id >> 64n !== 0n) throw new TypeError(`${text} is not a room id`);
return id;
}
const roomId = {
read: (r) => roomText(u64.read(r)),
write: (w, value) => u64.write(w, roomNumber(value)),
};
return{roomText,roomNumber,roomId};
})();
const $rooms=(()=>{
const{roomId}=$room_id;
const{blob,bool,choice,i64,list,option,struct,text,u16,u32,variants}=$wire;
const gameName = text(32);
const options = text(1024);
const metaText = text(64);
const metaValue = variants({ Int: { value: i64 }, Bool: { value: bool }, Text: { value: metaText } });
const metaEntry = struct({ key: text(32), value: metaValue });
const fact = variants({ Players: {}, Free: {}, Age: {}, Key: { key: text(32) } });
const condition = struct({
fact,
test: variants({
Is: { value: metaValue },
Not: { value: metaValue },
Between: { from: i64, to: i64 },
OneOf: { values: list(metaValue, 8) },
StartsWith: { prefix: metaText },
}),
});
const seatCode = text(26);
const joinCode = text(8);
const cursor = blob(160);
const query = struct({
game: gameName,
conditions: list(condition, 8),
sort: struct({ by: fact, descending: bool }),
limit: u16,
cursor: option(cursor),
});
const newRoom = struct({
options,
seats: option(u32),
visibility: choice(['Listed', 'Unlisted', 'Private']),
metadata: list(metaEntry, 8),
});
const roomEntry = struct({
room: roomId,
players: u32,
players_max: u32,
free: u32,
locked: bool,
age_secs: u32,
options,
metadata: list(metaEntry, 16),
});
return{seatCode,joinCode,cursor,query,newRoom,roomEntry};
})();
const $control=(()=>{
const{CLOSE_CODES}=$close;
const{Malformed}=$error;
const{roomId}=$room_id;
const{cursor,joinCode,newRoom,query,roomEntry,seatCode}=$rooms;
const{blob,bool,choice,decode,encode,list,option,struct,text,u16,u32,u64,u8,variants}=$wire;
const SUBPROTOCOL = 'greenroom.v1';
const PROTOCOL_VERSION = 4;
const CONTROL = 0x00;
const BODY_MAX = 4096;
const TOKEN_MAX = 64;
const gameName = text(32);
const options = text(1024);
const body = blob(BODY_MAX);
const token = blob(TOKEN_MAX);
const chatText = text(512);
const place = { game: gameName, options };
const profile = struct({ name: text(32), data: text(256) });
const joinTarget = variants({
Create: place,
Open: place,
OpenOrCreate: place,
Room: { room: roomId },
Reserved: { code: seatCode },
New: { game: gameName, room: newRoom },
Match: { query, or_create: option(newRoom) },
Code: { code: text(16) },
Wait: { room: roomId },
});
const toServer = variants({
Hello: { protocol: u16, client: text(64), token: option(text(1024)), schemas: list(u64, 8) },
Join: { id: u32, to: joinTarget, schema: option(u64), profile },
Leave: {},
List: { id: u32, game: gameName },
Request: { id: u32, body },
Resync: {},
Resume: { id: u32, token, attempt: u64, tick: option(u32), events: option(u32), schema: option(u64) },
Ack: { events: u32, replies: u32 },
Find: { id: u32, query },
Watch: { id: u32, query },
Unwatch: { id: u32 },
Reserve: { id: u32, to: joinTarget, seats: u32 },
Unreserve: { code: seatCode },
Spectate: { id: u32, room: roomId, schema: option(u64) },
Arrived: { room: roomId, player: u32 },
Chat: { id: u32, scope: u8, text: chatText },
});
const REFUSALS = [
'UnknownGame',
'UnknownRoom',
'BadOptions',
'RoomFull',
'ServerFull',
'AlreadySeated',
'NoSeat',
'Game',
'Busy',
'Failed',
'Stopping',
'BadToken',
'SeatGone',
'TooFarBehind',
'OtherSchema',
'NotAllowed',
'OtherAccount',
'BadProfile',
'Locked',
'BadQuery',
'BadCode',
'TooManyRooms',
'WaitingFull',
'NoSpectators',
'AudienceFull',
'Spectator',
'NotBeside',
'Moved',
'Banned',
'Muted',
'TooFast',
'NoChat',
'BadText',
];
const roomInfo = struct({ room: roomId, players: u32, players_max: u32, options });
const someone = struct({ player: u32, account: text(64), profile, connected: bool });
const joined = {
id: u32,
room: roomId,
game: gameName,
player: u32,
tick: u32,
tick_hz: u16,
send_every: u16,
input_lead_ticks_max: u32,
token,
hold_ms: u32,
inputs: u32,
events: u32,
requests: u32,
schema_hash: u64,
schema: option(blob(64 * 1024)),
};
const toClient = variants({
Welcome: {
server: text(64),
games: list(gameName, 256),
messages_per_sec: u32,
ping_interval_ms: u32,
},
Joined: joined,
Refused: { id: u32, why: choice(REFUSALS, true), text: text(256) },
Reply: { id: u32, body },
Rooms: { id: u32, rooms: list(roomInfo, 100) },
Left: {},
Ended: { result: text(16 * 1024) },
Closing: { code: choice([...CLOSE_CODES.keys()]), retry_after_ms: u32 },
Found: { id: u32, rooms: list(roomEntry, 50), next: option(cursor) },
Watched: {
id: u32,
added: list(roomEntry, 50),
changed: list(roomEntry, 50),
removed: list(roomId, 50),
},
Reserved: { id: u32, room: roomId, codes: list(seatCode, 16), expires_ms: u32 },
Waiting: { id: u32, place: u32 },
RoomCode: { room: roomId, code: joinCode },
Notice: { text: text(1024) },
Spectating: {
id: u32,
room: roomId,
game: gameName,
tick: u32,
tick_hz: u16,
send_every: u16,
delay_ms: u32,
events: u32,
schema_hash: u64,
schema: option(blob(64 * 1024)),
},
Roster: {
anew: bool,
more: bool,
people: list(someone, 64),
gone: list(u32, 64),
spectators: u32,
},
Dismissed: { code: choice([...CLOSE_CODES.keys()]) },
Moved: { from: roomId, joined: struct(joined) },
Banned: { room: roomId, for_ms: u64, text: text(256) },
});
const roomEvent = variants({
Chat: { from: option(u32), name: text(32), scope: u8, at: u32, text: chatText },
});
function decodeRoomEvent(body) {
try {
return decode(roomEvent, body);
} catch (error) {
if (error instanceof Malformed) return null;
throw error;
}
}
function encoded(type, message) {
const bytes = encode(type, message);
const out = new Uint8Array(1 + bytes.length);
out[0] = CONTROL;
out.set(bytes, 1);
return out;
}
function decoded(type, message) {
if (message[0] !== CONTROL) throw new Malformed('not a control message');
return decode(type, message.subarray(1));
}
const encodeToServer = (message) => encoded(toServer, message);
const decodeToServer = (message) => decoded(toServer, message);
const encodeToClient = (message) => encoded(toClient, message);
const decodeToClient = (message) => decoded(toClient, message);
return{SUBPROTOCOL,PROTOCOL_VERSION,CONTROL,BODY_MAX,TOKEN_MAX,REFUSALS,decodeRoomEvent,encodeToServer,decodeToServer,encodeToClient,decodeToClient};
})();
const $frame=(()=>{
const{BODY_MAX,decodeRoomEvent}=$control;
const{Malformed}=$error;
const INPUT = 0x01;
const STATE = 0x02;
const STATE_EVENTS = 0x03;
const CHANNEL = 0x04;
const FRAME_EVENTS_MAX = 4096;
const OF_ROOM = 0x2000;
const WHOLE = 1;
const HASH = 2;
const OLDER = 4;
function encodeInput(tick, body) {
if (body.length > BODY_MAX) throw new RangeError(`more than ${BODY_MAX} bytes`);
const out = new Uint8Array(3 + body.length);
out[0] = INPUT;
out[1] = tick & 0xff;
out[2] = (tick >>> 8) & 0xff;
out.set(body, 3);
return out;
}
function decodeInput(message) {
if (message[0] !== INPUT || message.length < 3) throw new Malformed('not an input');
return { tick: message[1] | (message[2] << 8), body: message.slice(3) };
}
function nearTick(tick, low) {
const ahead = ((low - tick) << 16) >> 16;
return (tick + ahead) >>> 0;
}
class Bytes {
constructor(bytes, at = 0) {
this.bytes = bytes;
this.at = at;
}
byte() {
if (this.at >= this.bytes.length) throw new Malformed('the frame ends early');
return this.bytes[this.at++];
}
u16() {
return this.byte() | (this.byte() << 8);
}
u32() {
return (this.u16() | (this.u16() << 16)) >>> 0;
}
varint() {
let number = 0;
for (let place = 1; ; place *= 128) {
const byte = this.byte();
number += (byte & 127) * place;
if (number > 0xffffffff || (place === 2 ** 28 && byte > 127)) {
throw new Malformed('a number has more than 32 bits');
}
if (byte < 128) return number;
}
}
take(count) {
if (count > this.bytes.length - this.at) throw new Malformed('the frame ends early');
this.at += count;
return this.bytes.slice(this.at - count, this.at);
}
}
function readFrame(message, newest) {
const from = new Bytes(message);
const kind = from.byte();
if (kind !== STATE && kind !== STATE_EVENTS) throw new Malformed('not a state frame');
const inputsApplied = from.u16();
const slack = (from.byte() << 24) >> 24;
const events = kind === STATE_EVENTS ? readEvents(from) : [];
const flags = from.byte();
if (flags > 7 || (flags & (WHOLE | OLDER)) === (WHOLE | OLDER)) {
throw new Malformed('a body with flags that say nothing');
}
const whole = (flags & WHOLE) !== 0;
const tick = whole ? from.u32() : nearTick(newest, from.u16());
const age = flags & OLDER ? from.varint() : 0;
const hash = flags & HASH ? from.u32() : null;
for (const event of events) event.tick = (tick - event.tick) >>> 0;
return {
inputsApplied,
slack,
events,
whole,
tick,
base: flags & OLDER ? (tick - age) >>> 0 : null,
hash,
state: message.subarray(from.at),
};
}
function readEvents(from) {
const count = from.varint();
if (count > FRAME_EVENTS_MAX) throw new Malformed(`more than ${FRAME_EVENTS_MAX} events`);
const events = [];
while (events.length < count) {
const number = from.varint();
const tick = from.varint();
const marked = from.varint();
const ofRoom = (marked & OF_ROOM) !== 0;
const length = marked - (ofRoom ? OF_ROOM : 0);
if (length > BODY_MAX) throw new Malformed(`an event of more than ${BODY_MAX} bytes`);
const body = from.take(length);
const event = ofRoom ? { number, tick, room: decodeRoomEvent(body) } : { number, tick, body };
events.push(Object.defineProperty(event, 'bytes', { value: length }));
}
return events;
}
return{INPUT,STATE,STATE_EVENTS,CHANNEL,FRAME_EVENTS_MAX,encodeInput,decodeInput,nearTick,Bytes,readFrame};
})();
const $socket=(()=>{
const{closedByNetwork,closedByServer,closedHere}=$closed;
const{CONTROL,SUBPROTOCOL,decodeToClient,encodeToServer}=$control;
const{GreenroomError,Malformed}=$error;
const{STATE,STATE_EVENTS}=$frame;
const BUFFERED_MAX = 16 << 10;
const BUFFERED_TOO_MUCH = 1 << 20;
const REASON_MAX = 40;
const GONE = 'the server cannot be reached, or went away: is it running, and is its certificate trusted?';
class Socket {
constructor(platform, url, report) {
this.report = report;
this.ended = null;
this.said = null;
this.waiting = [];
this.hear = null;
this.wanted = null;
this.inner = platform.webSocket(url, SUBPROTOCOL);
this.inner.binaryType = 'arraybuffer';
this.opened = new Promise((resolve, reject) => {
this.inner.onopen = () => resolve();
this.refuse = reject;
});
this.opened.catch(() => {});
this.inner.onmessage = ({ data }) => this.took(data);
this.inner.onclose = ({ code, reason }) => {
const died = code === 1006 || code === 1005;
this.end(died ? closedByNetwork(GONE, this.said) : closedByServer(code, reason, this.said));
};
this.inner.onerror = () => platform.later(() => this.end(closedByNetwork(GONE, this.said)), 0);
}
took(data) {
if (this.ended !== null) return;
let message;
try {
message = this.read(data);
} catch (error) {
this.close(4000, error.message);
return;
}
if (message === null) return;
if (this.hear !== null) {
this.hear(message);
} else {
this.waiting.push(message);
this.serve();
}
}
read(data) {
if (!(data instanceof ArrayBuffer)) throw new Malformed('the server sent a text');
const bytes = new Uint8Array(data);
if (bytes[0] === STATE || bytes[0] === STATE_EVENTS) return bytes;
if (bytes[0] !== CONTROL) throw new Malformed(`the server sent a message of kind ${bytes[0]}`);
let message;
try {
message = decodeToClient(bytes);
} catch (error) {
if (!error.unknown) throw error;
const why = `the server says what this client does not know (message ${bytes[1]}): update the client`;
this.report(new GreenroomError('Unknown', why));
return null;
}
if (message.type !== 'Closing') return message;
this.said = message;
return null;
}
next() {
return new Promise((resolve, reject) => {
this.wanted = { resolve, reject };
this.serve();
});
}
serve() {
const { wanted } = this;
if (wanted === null) return;
if (this.waiting.length > 0) wanted.resolve(this.waiting.shift());
else if (this.ended !== null) wanted.reject(this.ended);
else return;
this.wanted = null;
}
listen(hear, end) {
this.hear = hear;
this.onEnd = end;
for (const message of this.waiting.splice(0)) if (this.ended === null) hear(message);
if (this.ended !== null) end(this.ended);
}
say(message) {
this.send(encodeToServer(message));
}
send(bytes) {
if (this.ended === null && this.inner.readyState === 1) this.inner.send(bytes);
}
get full() {
return this.inner.bufferedAmount > BUFFERED_MAX;
}
get overfull() {
return this.inner.bufferedAmount > BUFFERED_TOO_MUCH;
}
close(code, why) {
if (this.ended !== null) return;
this.shut(code, why.slice(0, REASON_MAX));
this.end(closedHere(code, why));
}
drop(why) {
if (this.ended !== null) return;
this.shut();
this.end(closedByNetwork(why, this.said));
}
shut(...how) {
try {
this.inner.close(...how);
} catch {
this.inner.close();
}
}
end(closed) {
if (this.ended !== null) return;
this.ended = closed;
this.refuse(closed);
this.serve();
if (this.hear !== null) this.onEnd(closed);
}
}
return{Socket};
})();
const $greet=(()=>{
const{TimedOut}=$error;
const{Socket}=$socket;
function within(platform, what, ms, work, late = () => {}) {
return new Promise((resolve, reject) => {
const timer = platform.later(() => {
const error = new TimedOut(what, ms);
reject(error);
late(error);
}, ms);
const done = (settle) => (value) => {
platform.cancel(timer);
settle(value);
};
work.then(done(resolve), done(reject));
});
}
async function greet({ platform, url, hello, deadlineMs, report, made }) {
const socket = new Socket(platform, url, report);
made(socket);
const talk = async () => {
await socket.opened;
socket.say(hello);
const welcome = await socket.next();
if (welcome.type === 'Welcome') return welcome;
socket.close(4001, 'the server said something before its Welcome');
throw socket.ended;
};
const late = ({ message }) => socket.drop(message);
const welcome = await within(platform, `the greeting of ${url}`, deadlineMs, talk(), late);
return { socket, welcome };
}
return{within,greet};
})();
const $pauses=(()=>{
const FIRST_MS = 250;
const SHORT_MS = 1000;
const LONG_MS = 10_000;
const SOON_MS = 30_000;
const STEADY_MS = 5000;
class Pauses {
constructor(platform) {
this.platform = platform;
this.attempts = 0;
this.began = null;
this.numbered = 0;
}
attempt() {
this.numbered = Math.max(this.platform.date(), this.numbered + 1);
return BigInt(this.numbered);
}
broke(lastedMs) {
if (lastedMs >= STEADY_MS) {
this.attempts = 0;
this.began = null;
}
this.began ??= this.platform.now();
}
next(then, windowMs, leftMs) {
const gone = this.began === null ? 0 : this.platform.now() - this.began;
const backOff = Math.min(FIRST_MS * 2 ** Math.min(this.attempts, 16), gone < SOON_MS ? SHORT_MS : LONG_MS);
const atOnce = then === 'reconnect' && this.attempts === 0;
const bound = atOnce ? windowMs ?? 0 : Math.max(backOff, windowMs ?? 0);
this.attempts += 1;
return Math.min(bound, leftMs) * this.platform.random();
}
}
return{Pauses};
})();
const $connection=(()=>{
const{closedByNetwork,closedHere}=$closed;
const{Closed,GreenroomError}=$error;
const{greet,within}=$greet;
const{Pauses}=$pauses;
const TOO_SHORT_MS = 20;
const WAKE_EVERY_MS = 1000;
const WAKE_SILENCE_MS = 3000;
const TRY_AGAIN_MS = 20;
class Connection {
constructor({ platform, url, deadlineMs, silenceMs, owner }) {
Object.assign(this, { platform, url, deadlineMs, silenceMs, owner });
this.state = 'connecting';
this.socket = null;
this.pauses = new Pauses(platform);
this.welcome = null;
this.heardAt = 0;
this.wokenAt = -Infinity;
this.hurry = null;
this.input = null;
this.unwake = platform.onWake(() => this.wake());
}
async open() {
try {
const { socket } = await this.greet(this.deadlineMs);
this.up(socket);
} catch (error) {
this.shut();
this.socket?.drop(error.message);
throw error;
}
}
async greet(deadlineMs) {
const { platform, url, owner } = this;
const { socket, welcome } = await greet({
platform,
url,
hello: owner.hello(),
deadlineMs,
report: (error) => owner.report(error),
made: (made) => { this.socket = made; },
});
this.welcome = welcome;
this.tokens = 2 * welcome.messages_per_sec;
this.filledAt = platform.now();
return { socket };
}
up(socket) {
this.state = 'up';
this.upAt = this.heardAt = this.platform.now();
this.probed = false;
this.watchSilence(this.silenceMs);
socket.listen((message) => this.heard(message), (closed) => this.lose(closed));
}
heard(message) {
this.heardAt = this.platform.now();
this.probed = false;
try {
this.owner.heard(message);
} catch (error) {
if (!(error instanceof GreenroomError)) throw error;
this.socket.close(4000, error.message);
}
}
watchSilence(ms) {
this.platform.cancel(this.alarm);
this.alarm = this.platform.later(() => {
const silence = this.platform.now() - this.heardAt;
if (silence < this.silenceMs && !this.probed) {
this.watchSilence(this.silenceMs - silence);
} else if (this.probed) {
this.socket.drop(`nothing came from the server for ${Math.round(silence)} ms`);
} else {
this.probe(this.silenceMs);
}
}, ms);
}
probe(patienceMs) {
this.probed = true;
this.owner.probe();
this.watchSilence(patienceMs);
}
wake() {
const now = this.platform.now();
if (this.state === 'up' && now - this.heardAt >= WAKE_SILENCE_MS) {
this.probe(WAKE_SILENCE_MS);
} else if (this.hurry !== null && now - this.wokenAt >= WAKE_EVERY_MS) {
this.wokenAt = now;
this.hurry();
}
}
say(message) {
if (this.state !== 'up') return;
this.tokens -= 1;
this.socket.say(message);
}
send(bytes) {
if (this.state !== 'up') return;
this.tokens -= 1;
this.socket.send(bytes);
}
get waits() {
const now = this.platform.now();
const rate = this.welcome.messages_per_sec;
this.tokens = Math.min(this.tokens + ((now - this.filledAt) * rate) / 1000, 2 * rate);
this.filledAt = now;
return this.socket.full || this.tokens < rate;
}
sendInput(bytes) {
if (!this.waits) {
this.input = null;
this.send(bytes);
return;
}
const waited = this.input !== null;
this.input = bytes;
if (!waited) this.flushLater();
}
flushLater() {
this.platform.later(() => {
if (this.input === null || this.state !== 'up') return;
if (this.waits) this.flushLater();
else this.sendInput(this.input);
}, TRY_AGAIN_MS);
}
lose(closed) {
if (this.state !== 'up') return;
this.platform.cancel(this.alarm);
this.input = null;
const patience = closed.by === 'client' || closed.then === 'stop' ? 0 : this.owner.patienceMs();
if (patience === 0) {
this.end(closed);
return;
}
this.state = 'broken';
const now = this.platform.now();
this.pauses.broke(now - this.upAt);
this.owner.broke(closed, patience);
this.comeBack(closed, now, patience).catch((error) => this.owner.report(error));
}
async comeBack(closed, since, patience) {
const { platform, pauses } = this;
const left = () => since + patience - platform.now();
let last = closed;
while (this.state === 'broken' && left() >= TOO_SHORT_MS) {
await this.pause(pauses.next(last.then ?? 'back-off', last.retryAfterMs ?? null, left()));
if (this.state !== 'broken') return;
try {
const { socket } = await this.greet(Math.min(this.deadlineMs, Math.max(left(), TOO_SHORT_MS)));
const restored = this.owner.restore(socket);
const what = 'what was to be said on coming back';
await within(platform, what, this.deadlineMs, restored, ({ message }) => socket.drop(message));
if (socket.ended !== null) throw socket.ended;
if (this.state !== 'broken') return;
this.up(socket);
this.owner.up(platform.now() - since);
return;
} catch (error) {
this.socket.drop(error.message);
last = error;
if (error.then === 'stop' && this.state === 'broken') {
this.end(error);
return;
}
}
}
if (this.state === 'broken') {
this.end(closedByNetwork(`it did not come back within ${patience} ms: ${last.message}`, null));
}
}
pause(ms) {
return new Promise((resolve) => {
const timer = this.platform.later(() => this.hurry(), ms);
this.hurry = () => {
this.hurry = null;
this.platform.cancel(timer);
resolve();
};
});
}
close() {
if (this.state === 'closed') return;
const { socket } = this;
this.end(closedHere(1000, 'the program wanted it'));
socket?.close(1000, '');
}
end(closed) {
this.shut();
this.owner.closed(closed);
}
shut() {
this.state = 'closed';
this.platform.cancel(this.alarm);
this.unwake();
this.hurry?.();
}
}
const again = (text) => new Closed('server', 1013, text, 'back-off');
return{Connection,again};
})();
const $calls=(()=>{
const{encodeToServer}=$control;
const{Misuse,TimedOut}=$error;
const CALLS_MAX = 64;
const isOfSeat = (type) => type === 'Request' || type === 'Chat';
const ONCE = new Set(['Join', 'Spectate', 'Resume', 'Reserve', 'Ping']);
class Calls {
constructor(platform) {
this.platform = platform;
this.last = 0;
this.beforeSeat = 0;
this.waiting = new Map();
}
ask(message, timeoutMs, send, late = () => {}, type = message.type) {
if (this.waiting.size >= CALLS_MAX) {
throw new Misuse('Busy', `${CALLS_MAX} questions wait for their answers: wait for some first`);
}
const id = this.last + 1;
const bytes = encodeToServer({ ...message, id });
this.last = id;
const answer = new Promise((resolve, reject) => {
const timer = this.platform.later(() => {
this.settle(id, null, new TimedOut(type, timeoutMs));
late(id);
}, timeoutMs);
this.waiting.set(id, { type, bytes, timer, resolve, reject });
});
send(bytes);
return { id, answer };
}
settle(id, answer, error = null) {
const call = this.waiting.get(id);
if (call === undefined) return null;
this.waiting.delete(id);
this.platform.cancel(call.timer);
if (error === null) call.resolve(answer);
else call.reject(error);
return call.type;
}
used(id) {
this.last = Math.max(this.last, id);
}
seated() {
this.beforeSeat = this.last;
}
settled() {
for (const [id, { type }] of this.waiting) {
if (isOfSeat(type) && id > this.beforeSeat) return id - 1;
}
return this.last;
}
again() {
const again = [...this.waiting].filter(([id, { type }]) => !isOfSeat(type) || id > this.beforeSeat);
return again.map(([, { bytes }]) => bytes);
}
broke(error) {
this.fail(error, ({ type }) => ONCE.has(type));
}
unseated(error) {
this.fail(error, ({ type }) => isOfSeat(type));
}
fail(error, which = () => true) {
for (const [id, call] of [...this.waiting]) if (which(call)) this.settle(id, null, error);
}
}
return{Calls};
})();
const $emitter=(()=>{
class Emitter {
constructor(names, report) {
this.report = report;
this.hearers = new Map();
this.allow(names);
}
allow(names) {
for (const name of names) if (!this.hearers.has(name)) this.hearers.set(name, new Set());
}
on(name, hear) {
const all = this.hearers.get(name);
if (all === undefined) {
throw new TypeError(`nothing is called ${name} here: there is ${[...this.hearers.keys()].join(', ')}`);
}
if (typeof hear !== 'function') throw new TypeError(`give a function to call for ${name}`);
const box = { hear };
all.add(box);
return () => all.delete(box);
}
emit(name, ...words) {
const all = this.hearers.get(name);
if (all.size === 0) return;
for (const { hear } of [...all]) this.call(hear, ...words);
}
call(hear, ...words) {
try {
hear(...words);
} catch (error) {
this.report(error);
}
}
}
return{Emitter};
})();
const $clock=(()=>{
const FRAMES = 128;
const SHARE = 1 / 8;
class Clock {
constructor() {
this.rttMs = null;
this.jitterMs = 0;
this.restart(0);
}
restart(tickHz) {
this.tickHz = tickHz;
this.starts = [];
this.last = null;
}
frame(tick, now) {
if (this.tickHz === 0) return;
const start = now - (tick * 1000) / this.tickHz;
if (this.last !== null) this.jitterMs += (Math.abs(start - this.last) - this.jitterMs) * SHARE;
this.last = start;
this.starts.push(start);
if (this.starts.length > FRAMES) this.starts.shift();
this.start = Math.min(...this.starts);
}
measured(ms) {
this.rttMs = this.rttMs === null ? ms : this.rttMs + (ms - this.rttMs) * SHARE;
}
arrivingTick(now) {
return this.last === null ? null : ((now - this.start) * this.tickHz) / 1000;
}
serverTick(now) {
const arriving = this.arrivingTick(now);
return arriving === null ? null : arriving + ((this.rttMs ?? 0) / 2) * (this.tickHz / 1000);
}
}
return{Clock};
})();
const $value=(()=>{
const{textOf}=$wire;
function rowReader(table) {
return reader(0, ...partsOf(table));
}
function stateReader(schema) {
const tables = schema.tables.map((table, number) => {
const owner = table.rows.of ?? (number === 0 ? null : 0);
const above = owner === null ? [] : pathOf(schema.tables[owner].name);
const full = table.name.split('.');
const path = startsWith(full, above) && full.length > above.length ? full.slice(above.length) : full;
const [lanes, texts] = partsOf(table);
const field = table.rows.of !== undefined && table.rows.each === 1 && table.restricted
&& [...lanes, ...texts].every((part) => startsWith(part.path, path));
const read = reader(field ? path.length : 0, lanes, texts);
return { number, owner, path, kind: table.rows, field, read };
});
const valueOf = (rows, { number, read }, slot) => {
let value = read(rows.tables[number], slot);
for (const table of tables) {
if (table.owner !== number || (number === 0 && table.kind.of === undefined)) continue;
if (value === null || typeof value !== 'object') value = { value };
place(value, table.path, ownedBy(rows, table, slot));
}
return value;
};
const ownedBy = (rows, table, owner) => {
const own = rows.tables[table.number];
const values = [];
const end = Math.min((owner + 1) * table.kind.each, own.slots);
for (let slot = owner * table.kind.each; slot < end; slot += 1) {
if (own.has(slot)) values.push(valueOf(rows, table, slot));
}
return table.field ? values[0] ?? null : values;
};
return (rows) => {
if (!rows.tables[0].has(0)) return null;
const state = valueOf(rows, tables[0], 0);
for (const table of tables) {
if (table.kind.type !== 'Entities') continue;
const own = rows.tables[table.number];
const entities = [];
for (const slot of own.occupied()) {
entities.push({ slot, generation: own.generations[slot], value: valueOf(rows, table, slot) });
}
place(state, table.path, entities);
}
return state;
};
}
function place(into, path, value) {
let at = into;
for (const name of path.slice(0, -1)) {
const inner = Object.hasOwn(at, name) ? at[name] : null;
if (inner === null || typeof inner !== 'object') set(at, name, {});
at = at[name];
}
set(at, path.at(-1), value);
}
function set(object, name, value) {
Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
function startsWith(path, start) {
return start.every((name, place) => path[place] === name);
}
function partsOf({ lanes, texts }) {
return [
lanes.map(({ name, kind }, at) => ({ path: pathOf(name), kind, at })),
texts.map(({ name, utf8 }, at) => ({ path: pathOf(name), utf8, at, count: texts.length })),
];
}
function pathOf(name) {
return name === '' ? [] : name.split('.');
}
function below(depth, name, parts) {
return parts.filter(({ path }) => path[depth] === name);
}
function reader(depth, lanes, texts) {
const [head, ...rest] = lanes;
if (head !== undefined && head.path.length === depth) return headReader(depth, head, rest, texts);
const whole = texts.find(({ path }) => path.length === depth);
if (whole !== undefined) return textReader(whole);
const names = new Set();
for (const { path } of [...lanes, ...texts]) if (path.length > depth) names.add(path[depth]);
const fields = [...names].map((name) => {
const inner = reader(depth + 1, below(depth, name, lanes), below(depth, name, texts));
return [name, inner];
});
if (fields.length > 0 && fields.every(([name], place) => name === `${place}`)) {
return (rows, slot) => fields.map(([, read]) => read(rows, slot));
}
return (rows, slot) => Object.fromEntries(fields.map(([name, read]) => [name, read(rows, slot)]));
}
function headReader(depth, head, rest, texts) {
const { kind } = head;
switch (kind.type) {
case 'Some': {
const inner = reader(depth, rest, texts);
return (rows, slot) => (laneOf(rows, slot, head.at) === 0 ? null : inner(rows, slot));
}
case 'Variant': {
const data = kind.names.map((name) => {
const own = [below(depth, name, rest), below(depth, name, texts)];
return own.some((parts) => parts.length > 0) ? reader(depth + 1, ...own) : null;
});
return (rows, slot) => {
const lane = laneOf(rows, slot, head.at);
const index = lane >= 0 && lane < data.length ? lane : 0;
const name = kind.names[index] ?? '';
return (data[index] ?? null) === null ? name : { [name]: data[index](rows, slot) };
};
}
case 'Low':
return (rows, slot) => {
const low = BigInt(laneOf(rows, slot, head.at) >>> 0);
const bits = (BigInt(laneOf(rows, slot, head.at + 1)) << 32n) | low;
return kind.signed ? bits : BigInt.asUintN(64, bits);
};
case 'Quat':
return quaternion(head.at, kind.bits);
default: {
const value = scalar(kind);
return (rows, slot) => value(laneOf(rows, slot, head.at));
}
}
}
function laneOf(rows, slot, lane) {
return rows.lanes[slot * rows.layout.width + lane];
}
function scalar(kind) {
switch (kind.type) {
case 'Bool':
case 'Some':
return (lane) => lane !== 0;
case 'Uint':
return (lane) => lane >>> 0;
case 'Step':
return (lane) => lane * kind.step;
case 'Range':
return (lane) => kind.min + (lane >>> 0) * kind.step;
case 'Angle':
return (lane) => lane * ((2 * Math.PI) / 2 ** kind.bits);
default:
return (lane) => lane;
}
}
function quaternion(at, bits) {
const step = 1 / (Math.SQRT2 * (2 ** (bits - 1) - 1));
const PLACES = [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]];
const parts = [0, 0, 0, 0];
return (rows, slot) => {
const start = slot * rows.layout.width + at;
const left = rows.lanes[start] & 3;
let rest = 1;
for (let part = 0; part < 3; part += 1) {
const value = rows.lanes[start + 1 + part] * step;
parts[PLACES[left][part]] = value;
rest -= value * value;
}
parts[left] = Math.sqrt(Math.max(rest, 0));
return [parts[1], parts[2], parts[3], parts[0]];
};
}
function textReader({ at, count, utf8 }) {
return (rows, slot) => {
const bytes = rows.texts[slot * count + at];
return utf8 ? textOf(bytes) : bytes;
};
}
return{rowReader,stateReader,place,startsWith,partsOf,pathOf,below,reader,scalar};
})();
const $form=(()=>{
const{below,partsOf,pathOf,reader,scalar,startsWith}=$value;
function tablesOf(schema) {
const tables = schema.tables.map((table, number) => {
const [lanes, texts] = partsOf(table);
const owner = table.rows.of ?? (number === 0 ? null : 0);
const above = owner === null ? [] : pathOf(schema.tables[owner].name);
const full = pathOf(table.name);
const path = startsWith(full, above) && full.length > above.length ? full.slice(above.length) : full;
const kind = table.rows.type;
const field = kind === 'Owned' && table.rows.each === 1 && table.restricted
&& [...lanes, ...texts].every((part) => startsWith(part.path, path));
const depth = field ? path.length : 0;
const top = kind === 'Single' || kind === 'Entities';
return {
number, name: table.name, kind, owner, each: table.rows.each, path, field, depth, lanes, texts, top,
row: reader(depth, lanes, texts),
patches: top ? patchesOf(lanes, texts) : null,
width: lanes.length,
};
});
for (const table of tables) {
table.owned = tables.filter(({ owner, top }) => owner === table.number && !top);
}
for (const table of tables) shapeOf(table);
return tables;
}
function shapeOf(table) {
const { depth, lanes, texts, owned, kind, field } = table;
const parts = [...lanes, ...texts].filter(({ path }) => path.length > depth).map(({ path }) => path[depth]);
const bare = parts.length < lanes.length + texts.length;
const names = new Set([...parts, ...owned.map(({ path }) => path[0])]);
const empty = lanes.length + texts.length === 0;
table.list = table.number > 0 && empty && names.size === 1 && owned[0].path.join() === 'items';
const pairs = !bare && names.has('key') && [...names].every((name) => name === 'key' || name === 'value');
table.map = kind === 'Owned' && !field && pairs;
}
function patchesOf(lanes, texts) {
const by = { lanes: [], texts: [] };
const bind = (patch, ownLanes, ownTexts) => {
for (const { at } of ownLanes) by.lanes[at] = patch;
for (const { at } of ownTexts) by.texts[at] = patch;
};
const walk = (depth, ownLanes, ownTexts) => {
const all = [...ownLanes, ...ownTexts];
if (all.some(({ path }) => path.length === depth)) {
bind(patchOf(depth, ownLanes, ownTexts), ownLanes, ownTexts);
return;
}
for (const name of new Set(all.map(({ path }) => path[depth]))) {
walk(depth + 1, below(depth, name, ownLanes), below(depth, name, ownTexts));
}
};
walk(0, lanes, texts);
return by;
}
function patchOf(depth, lanes, texts) {
const { path } = lanes[0] ?? texts[0];
if (depth === 0) return null;
const way = path.slice(0, depth - 1);
const last = path[depth - 1];
const [one] = lanes;
const plain = lanes.length === 1 && texts.length === 0 && !['Variant', 'Some'].includes(one.kind.type);
if (depth === 1 && plain) {
const value = scalar(one.kind);
return (row, rows, at) => { row[last] = value(rows.lanes[at + one.at]); };
}
const read = reader(depth, lanes, texts);
return (row, rows, at, slot) => {
let into = row;
for (const name of way) into = into[name];
into[last] = read(rows, slot);
};
}
return{tablesOf};
})();
const $live=(()=>{
const{tablesOf}=$form;
const{place}=$value;
const sameBytes = (one, other) => one === other
|| (one.length === other.length && one.every((byte, place) => byte === other[place]));
class Before {
constructor() {
this.slots = 0;
this.generations = new Int32Array(0);
this.lanes = new Int32Array(0);
this.texts = [];
}
take(rows, width) {
const { slots } = rows;
if (this.generations.length < slots) {
this.generations = new Int32Array(rows.generations.length);
this.lanes = new Int32Array(rows.lanes.length);
}
this.slots = slots;
this.generations.set(rows.generations.subarray(0, slots));
this.lanes.set(rows.lanes.subarray(0, slots * width));
const { length } = rows.texts;
for (let text = 0; text < length; text += 1) this.texts[text] = rows.texts[text];
this.texts.length = length;
}
}
class LiveState {
constructor(schema) {
this.tables = tablesOf(schema);
this.before = this.tables.map(() => new Before());
this.value = null;
this.root = { get: () => this.value };
}
entities(name) {
const table = this.tables.find((each) => each.name === name && each.kind === 'Entities');
if (table !== undefined) return table;
const names = this.tables.filter(({ kind }) => kind === 'Entities').map((each) => each.name);
throw new TypeError(`the state has no table ${name}: it has ${names.join(', ') || 'none'}`);
}
mapOf(table) {
return table.path.reduce((value, name) => value?.[name], this.value);
}
update(rows, tell) {
const { tables } = this;
if (this.value === null) {
this.value = this.valueOf(rows, tables[0], 0);
for (const table of tables) {
if (table.kind === 'Entities') place(this.value, table.path, new Map());
}
}
const dirty = this.dirty(rows);
const tops = tables.filter(({ top }) => top);
const news = tops.map((table) => this.compare(rows, table, dirty.get(table)));
tables.forEach(({ number, width }) => this.before[number].take(rows.tables[number], width));
news.forEach(({ removed }, place) => {
for (const [slot, value] of removed) tell('remove', tops[place], value, slot);
});
for (const what of ['add', 'change']) {
news.forEach((each, place) => {
const map = this.mapOf(tops[place]);
for (const slot of each[what]) tell(what, tops[place], map.get(slot), slot);
});
}
}
dirty(rows) {
const dirty = new Map(this.tables.map((table) => [table, new Map()]));
for (const table of this.tables) {
if (table.top) continue;
const [now, before] = [rows.tables[table.number], this.before[table.number]];
const slots = Math.max(now.slots, before.slots);
for (let slot = 0; slot < slots; slot += 1) {
if (!this.differs(table, now, before, slot)) continue;
let own = table;
let at = slot;
let cell = slot;
while (!this.tables[own.owner].top) {
at = Math.floor(at / own.each);
own = this.tables[own.owner];
cell = -1;
}
const owner = Math.floor(at / own.each);
const ofTop = dirty.get(this.tables[own.owner]);
if (!ofTop.has(owner)) ofTop.set(owner, new Map());
const cells = ofTop.get(owner);
if (own.kind !== 'Cells' || cell < 0) cells.set(own, null);
else if (!cells.has(own)) cells.set(own, [cell]);
else cells.get(own)?.push(cell);
}
}
return dirty;
}
differs({ width, texts }, now, before, slot) {
const is = slot < now.slots ? now.generations[slot] : -1;
const was = slot < before.slots ? before.generations[slot] : -1;
if (is !== was) return true;
if (is < 0) return false;
for (let lane = slot * width, end = lane + width; lane < end; lane += 1) {
if (now.lanes[lane] !== before.lanes[lane]) return true;
}
for (let text = slot * texts.length, end = text + texts.length; text < end; text += 1) {
if (!sameBytes(now.texts[text], before.texts[text])) return true;
}
return false;
}
compare(rows, table, dirty) {
const now = rows.tables[table.number];
const before = this.before[table.number];
const news = { removed: [], add: [], change: [] };
if (table.kind === 'Single') {
if (before.slots > 0) this.write(rows, table, 0, this.root, dirty.get(0));
return news;
}
const map = this.mapOf(table);
const slots = Math.max(now.slots, before.slots);
for (let slot = 0; slot < slots; slot += 1) {
const is = slot < now.slots ? now.generations[slot] : -1;
const was = slot < before.slots ? before.generations[slot] : -1;
if (is === was) {
if (is >= 0 && this.write(rows, table, slot, map, dirty.get(slot))) news.change.push(slot);
continue;
}
if (was >= 0) {
news.removed.push([slot, map.get(slot)]);
map.delete(slot);
}
if (is >= 0) {
map.set(slot, this.valueOf(rows, table, slot));
news.add.push(slot);
}
}
return news;
}
write(rows, table, slot, map, owned) {
const { number, width, texts, patches } = table;
const now = rows.tables[number];
const before = this.before[number];
const start = slot * width;
let value;
let last;
for (let lane = 0; lane < width; lane += 1) {
if (now.lanes[start + lane] === before.lanes[start + lane]) continue;
const patch = patches.lanes[lane];
if (patch === last) continue;
if (last === undefined) value = map.get(slot);
last = patch;
if (patch === null) map.set(slot, this.valueOf(rows, table, slot));
else patch(value, now, start, slot);
}
for (let text = 0; text < texts.length; text += 1) {
const at = slot * texts.length + text;
if (sameBytes(now.texts[at], before.texts[at])) continue;
last = patches.texts[text];
if (last === null) map.set(slot, this.valueOf(rows, table, slot));
else last(map.get(slot), now, start, slot);
}
if (owned === undefined) return last !== undefined;
if (table.list) map.set(slot, this.valueOf(rows, table, slot));
else for (const [own, cells] of owned) this.renew(rows, map.get(slot), own, slot, cells);
return true;
}
renew(rows, value, own, owner, cells) {
const at = own.path.reduce((inner, name) => inner?.[name], value);
if (cells === null || !Array.isArray(at)) {
place(value, own.path, this.ownedBy(rows, own, owner));
return;
}
for (const cell of cells) at[cell - owner * own.each] = this.valueOf(rows, own, cell);
}
valueOf(rows, table, slot) {
if (table.list) return this.ownedBy(rows, table.owned[0], slot);
const value = table.row(rows.tables[table.number], slot);
for (const own of table.owned) {
if (value !== null && typeof value === 'object') place(value, own.path, this.ownedBy(rows, own, slot));
}
return value;
}
ownedBy(rows, table, owner) {
const own = rows.tables[table.number];
const values = [];
const end = Math.min((owner + 1) * table.each, own.slots);
for (let slot = owner * table.each; slot < end; slot += 1) {
if (own.has(slot)) values.push(this.valueOf(rows, table, slot));
}
if (table.field) return values.length > 0 ? values[0] : this.nothing(table);
return table.map ? new Map(values.map(({ key, value }) => [key, value])) : values;
}
nothing(table) {
if (!table.list) return undefined;
return table.owned[0].map ? new Map() : [];
}
}
return{LiveState};
})();
const $roster=(()=>{
class Roster {
constructor() {
this.people = new Map();
this.spectators = 0;
this.coming = null;
}
take({ anew, more, people, gone, spectators }) {
const all = this.coming ?? new Map(this.people);
if (anew) all.clear();
for (const player of gone) all.delete(player);
for (const { profile, ...person } of people) all.set(person.player, { ...person, ...profile });
this.spectators = spectators;
this.coming = more ? all : null;
if (more) return [];
const before = this.people;
this.people = all;
return changes(before, all);
}
}
function changes(before, now) {
const left = [...before.values()].filter(({ player }) => !now.has(player));
const told = left.map((person) => ({ what: 'left', person }));
for (const person of now.values()) {
const was = before.get(person.player);
if (was === undefined) told.push({ what: 'joined', person });
else if (was.connected !== person.connected) {
told.push({ what: person.connected ? 'resumed' : 'dropped', person });
}
}
return told;
}
return{Roster};
})();
const $shape=(()=>{
const{Malformed,Misuse}=$error;
const{blob,bool,decode,encode,i64,list,option,text,u16,u32,u64,u8}=$wire;
const bad = (at, what) => new Misuse('BadValue', `${at} ${what}`);
function shown(value) {
if (value === undefined) return 'missing';
if (typeof value === 'bigint') return `${value}n`;
const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
function whole(type, least, most) {
return (at) => ({
...type,
write(w, value) {
if (!Number.isInteger(value) || value < least || value > most) {
throw bad(at, `must be a whole number from ${least} to ${most}, and is ${shown(value)}`);
}
type.write(w, value);
},
});
}
const folded = (type) => ({
read(r) {
const number = type.read(r);
return (number >>> 1) ^ -(number & 1);
},
write: (w, value) => type.write(w, ((value << 1) ^ (value >> 31)) >>> 0),
});
const i8 = {
read: (r) => (u8.read(r) << 24) >> 24,
write: (w, value) => u8.write(w, value & 0xff),
};
function large(type, least, most) {
return (at) => ({
...type,
write(w, value) {
const big = Number.isSafeInteger(value) ? BigInt(value) : value;
if (typeof big !== 'bigint' || big < least || big > most) {
throw bad(at, `must be a BigInt from ${least} to ${most}, and is ${shown(value)}`);
}
type.write(w, big);
},
});
}
function float(size) {
const name = `Float${8 * size}`;
return (at) => ({
read: (r) => r.view[`get${name}`](r.skip(size), true),
write(w, value) {
if (typeof value !== 'number') throw bad(at, `must be a number, and is ${shown(value)}`);
const start = w.grow(size);
new DataView(w.bytes.buffer)[`set${name}`](start, value, true);
},
});
}
const PLAIN = {
Unit: (at) => ({
read: () => null,
write(w, value) {
if (value != null) throw bad(at, `must be null, as nothing belongs there, and is ${shown(value)}`);
},
}),
Bool: (at) => ({
...bool,
write(w, value) {
if (typeof value !== 'boolean') throw bad(at, `must be true or false, and is ${shown(value)}`);
bool.write(w, value);
},
}),
U8: whole(u8, 0, 0xff),
U16: whole(u16, 0, 0xffff),
U32: whole(u32, 0, 0xffffffff),
I8: whole(i8, -0x80, 0x7f),
I16: whole(folded(u16), -0x8000, 0x7fff),
I32: whole(folded(u32), -0x80000000, 0x7fffffff),
U64: large(u64, 0n, 2n ** 64n - 1n),
I64: large(i64, -(2n ** 63n), 2n ** 63n - 1n),
F32: float(4),
F64: float(8),
};
const MADE = {
Text: (at, max) => {
const type = text(max);
return {
...type,
write(w, value) {
if (typeof value !== 'string') throw bad(at, `must be a text, and is ${shown(value)}`);
if (new TextEncoder().encode(value).length > max) {
throw bad(at, `must have at most ${max} bytes as UTF-8: shorten it`);
}
type.write(w, value);
},
};
},
Bytes: (at, max) => {
const type = blob(max);
return {
...type,
write(w, value) {
if (!(value instanceof Uint8Array) || value.length > max) {
throw bad(at, `must be a Uint8Array of at most ${max} bytes, and is ${shown(value)}`);
}
type.write(w, value);
},
};
},
Option: (at, inner) => option(typed(inner, at)),
List: (at, [inner, max]) => {
const type = list(typed(inner, `${at}[…]`), max);
return {
...type,
write(w, value) {
if (!Array.isArray(value) || value.length > max) {
throw bad(at, `must be an array of at most ${max}, and is ${shown(value)}`);
}
type.write(w, value);
},
};
},
Array: (at, [inner, count]) => row(at, Array(count).fill(typed(inner, `${at}[…]`))),
Tuple: (at, parts) => row(at, parts.map((part, place) => typed(part, `${at}[${place}]`))),
Struct: (at, [, fields]) => structure(at, fields),
Enum: (at, [, variants]) => enumeration(at, variants),
};
function row(at, types) {
return {
read: (r) => types.map((type) => type.read(r)),
write(w, value) {
if (!Array.isArray(value) || value.length !== types.length) {
throw bad(at, `must be an array of ${types.length}, and is ${shown(value)}`);
}
types.forEach((type, place) => type.write(w, value[place]));
},
};
}
function structure(at, fields) {
const types = fields.map(({ name, shape }) => [name, typed(shape, `${at}.${name}`)]);
const names = fields.map(({ name }) => name);
return {
read: (r) => Object.fromEntries(types.map(([name, type]) => [name, type.read(r)])),
write(w, value) {
if (value === null || typeof value !== 'object') {
throw bad(at, `must be an object with ${names.join(', ')}, and is ${shown(value)}`);
}
const other = Object.keys(value).find((name) => !names.includes(name));
if (other !== undefined) throw bad(at, `has no field ${other}: it has ${names.join(', ')}`);
for (const [name, type] of types) type.write(w, value[name]);
},
};
}
function enumeration(at, variants) {
const types = variants.map(({ name, data }) => (data === 'Unit' ? null : typed(data, `${at}.${name}`)));
const names = variants.map(({ name }) => name);
return {
read(r) {
const index = r.varint(4);
if (index >= names.length) throw new Malformed(`${at} has no variant ${index}`);
return types[index] === null ? names[index] : { [names[index]]: types[index].read(r) };
},
write(w, value) {
const isName = typeof value === 'string';
const own = isName || value === null || typeof value !== 'object' ? [value] : Object.keys(value);
const index = own.length === 1 ? names.indexOf(own[0]) : -1;
if (index < 0 || isName !== (types[index] === null)) {
const all = names.map((name, place) => (types[place] === null ? `"${name}"` : `{ ${name}: … }`));
throw bad(at, names.length === 0
? 'cannot be sent: this game takes none'
: `must be ${all.join(' or ')}, and is ${shown(isName ? value : own.join(', ') || value)}`);
}
w.varint(index);
types[index]?.write(w, value[names[index]]);
},
};
}
function typed(shape, at) {
const [name, inner] = typeof shape === 'string' ? [shape] : Object.entries(shape)[0];
const made = Object.hasOwn(PLAIN, name) ? PLAIN[name](at) : MADE[name]?.(at, inner);
if (made === undefined) {
throw new Misuse('BadShape', `${at} is a ${name}, which this client does not know: update it`);
}
return made;
}
function messagesOf(shapes, game) {
const kinds = ['input', 'request', 'reply', 'event'].map((kind) => {
const type = typed(shapes[kind], `${game}'s ${kind}`);
return [kind, { encode: (value) => encode(type, value), decode: (bytes) => decode(type, bytes) }];
});
return Object.fromEntries(kinds);
}
function bytesOnly(game) {
const encodeBytes = (value) => {
if (value instanceof Uint8Array) return value;
throw new Misuse('NoSchema', `it is not known what ${game}'s messages look like: give connect() what `
+ `\`greenroom schema --game ${game}\` prints as { games: [schema] }, or a Uint8Array here`);
};
const kind = { encode: encodeBytes, decode: (bytes) => bytes };
return { input: kind, request: kind, reply: kind, event: kind };
}
return{messagesOf,bytesOnly};
})();
const $room=(()=>{
const{Clock}=$clock;
const{Emitter}=$emitter;
const{Misuse}=$error;
const{LiveState}=$live;
const{Roster}=$roster;
const{bytesOnly}=$shape;
const EVENTS = ['frame', 'event', 'chat', 'roster', 'drop', 'resume', 'end', 'close'];
const ENTITY_EVENTS = ['add', 'change', 'remove'];
class Room {
#seat;
#session;
#live;
#before = null;
#emitter;
#corked = [];
#messages;
#leaving = null;
#clock = new Clock();
#roster = new Roster();
#counts = {
frames: 0, frameBytes: 0, framesWhole: 0, framesMerged: 0, desyncs: 0,
events: 0, inputs: 0, inputsReplaced: 0, resumed: 0, awayMs: 0,
};
constructor(session, seat, delayMs) {
this.#session = session;
this.#seat = seat;
this.#messages = bytesOnly(seat.game);
this.#emitter = new Emitter(EVENTS, (error) => session.platform.report(error));
this.#clock.restart(seat.pace.tickHz);
this.#adopt();
this.spectating = delayMs !== null;
this.delayMs = delayMs ?? 0;
this.code = null;
this.over = null;
this.ready = new Promise((resolve, reject) => {
this._ready = { resolve, reject };
});
this.ready.catch(() => {});
}
#adopt() {
this.#before = this.#live?.value ?? null;
this.#live = new LiveState(this.#seat.replica.schema);
const entities = this.#live.tables.filter(({ kind }) => kind === 'Entities');
for (const table of entities) {
table.events = Object.fromEntries(ENTITY_EVENTS.map((what) => [what, `${what} ${table.name}`]));
this.#emitter.allow(Object.values(table.events));
}
}
get id() { return this.#seat.room; }
get game() { return this.#seat.game; }
get player() { return this.#seat.player; }
get tickHz() { return this.#seat.pace.tickHz; }
get sendEvery() { return this.#seat.pace.sendEvery; }
get tick() { return this.#seat.replica.newest; }
get schema() { return this.#seat.replica.schema; }
get state() { return this.#live.value ?? this.#before; }
get roster() { return this.#roster.people; }
get spectators() { return this.#roster.spectators; }
get token() {
const { token } = this.#seat;
if (token === null || this.over !== null) return null;
return btoa(String.fromCharCode(...token)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
get inputApplied() { return this.#seat.inputs.applied; }
get stats() {
const { rttMs, jitterMs } = this.#clock;
return { ...this.#counts, rttMs, jitterMs, inputLeadTicks: this.#seat.inputs.lead };
}
arrivingTick() { return this.#clock.arrivingTick(this.#session.platform.now()); }
serverTick() { return this.#clock.serverTick(this.#session.platform.now()); }
on(name, ...rest) {
if (!ENTITY_EVENTS.includes(name)) return this.#emitter.on(name, ...rest);
const [of, hear] = rest;
const table = this.#live.entities(of);
const off = this.#emitter.on(table.events[name], hear);
if (name === 'add') this.#live.mapOf(table)?.forEach((value, slot) => this.#emitter.call(hear, value, slot));
return off;
}
entityId(table, slot) {
const { number } = this.#live.entities(table);
const rows = this.#seat.replica.rows.tables[number];
return rows.has(slot) ? { slot, generation: rows.generations[slot] } : null;
}
input(value) {
this.#seated();
const body = this.#messages.input.encode(value);
const { connection, platform } = this.#session;
const kept = connection.state !== 'up';
const replaced = kept ? this.#seat.kept : connection.input !== null;
const { number, tick, message } = this.#seat.input(body, replaced, kept, platform.now());
this.#counts[replaced ? 'inputsReplaced' : 'inputs'] += 1;
if (!kept) connection.sendInput(message);
return { number, tick };
}
async request(value, { timeout = this.#session.timeoutMs } = {}) {
this.#seated();
const body = this.#messages.request.encode(value);
const reply = await this.#session.call({ type: 'Request', body }, timeout);
return this.#messages.reply.decode(reply);
}
async chat(text, { scope = 0, timeout = this.#session.timeoutMs } = {}) {
this.#seated();
await this.#session.call({ type: 'Chat', scope, text }, timeout);
}
leave() {
if (this.over !== null) return Promise.resolve();
if (this.#leaving === null) {
const waiting = {};
waiting.done = new Promise((resolve) => { waiting.resolve = resolve; });
this.#leaving = waiting;
this.#session.connection.say({ type: 'Leave' });
}
return this.#leaving.done;
}
#seated() {
if (this.spectating) throw new Misuse('Spectator', 'who looks on has no say: join the room');
if (this.over !== null) throw new Misuse('NoSeat', 'the room is over for this client: join another');
}
get _seat() { return this.#seat; }
get _leaving() { return this.#leaving !== null; }
get _clock() { return this.#clock; }
set _messages(messages) { this.#messages = messages; }
_uncork() {
const waiting = this.#corked ?? [];
this.#corked = null;
waiting.forEach((tell) => tell());
}
#tell(tell) {
if (this.#corked === null) tell();
else this.#corked.push(tell);
}
#emit(name, ...words) {
this.#tell(() => this.#emitter.emit(name, ...words));
}
_frame(message, now) {
const counts = this.#counts;
const { frame, state, desync, events } = this.#seat.frame(message, now);
counts.frames += 1;
counts.frameBytes += message.length;
counts.framesWhole += frame.whole;
counts.framesMerged += frame.base !== null;
counts.desyncs += desync;
counts.events += frame.events.length;
this.#clock.frame(frame.tick, now);
if (state) {
const heard = this.#corked === null;
this.#live.update(this.#seat.replica.rows, (what, { events }, value, slot) => {
if (heard) this.#emitter.emit(events[what], value, slot);
});
if (heard) this.#emitter.emit('frame', this.state, frame.tick, frame.whole);
this._ready.resolve();
}
for (const { body, room, tick, number } of events) {
if (body !== undefined) this.#tell(() => this.#happened(body, { tick, number }));
else if (room?.type === 'Chat') this.#emit('chat', room);
}
return desync;
}
#happened(body, when) {
let event;
try {
event = this.#messages.event.decode(body);
} catch (error) {
this.#session.report(error);
return;
}
this.#emitter.emit('event', event, when);
}
_people(message) {
const changes = this.#roster.take(message);
if (changes.length > 0) this.#emit('roster', changes);
}
_broke(closed, withinMs) {
this.#emit('drop', closed, withinMs);
}
_resumed(joined, schema, eventsLost, afterMs, now) {
const before = this.schema;
this.#seat.resume(joined, schema, eventsLost, now);
this.#clock.restart(this.tickHz);
if (schema !== before) {
for (const table of this.#live.tables) {
if (table.kind !== 'Entities') continue;
this.#live.mapOf(table)?.forEach((value, slot) => this.#emit(table.events.remove, value, slot));
}
this.#adopt();
}
this.#counts.resumed += 1;
this.#counts.awayMs += afterMs;
this.#emit('resume', { afterMs, eventsLost });
return schema !== before;
}
_ended(result) {
this.#emit('end', result);
this._close(null);
}
_close(why) {
if (this.over !== null) return;
this.over = why ?? new Misuse('NoSeat', 'the room is over');
this._ready.reject(this.over);
this.#leaving?.resolve();
this.#emit('close', why);
}
}
return{Room};
})();
const $schema=(()=>{
const{Malformed}=$error;
const{bool,choice,decode,double,encode,list,option,struct,text,u16,u32,u8,variants}=$wire;
const TABLES_MAX = 64;
const LANES_MAX = 256;
const GROUPS_MAX = 64;
const GROUP_LANES_MAX = 4;
const TEXTS_MAX = 32;
const SLOTS_MAX = 1 << 24;
const ENTITIES_MAX = 1 << 16;
const SCHEMA_BYTES_MAX = 64 * 1024;
const owned = { of: u8, each: u32 };
const laneKind = variants({
Bool: {},
Int: {},
Uint: {},
Low: { signed: bool },
High: {},
Step: { step: double },
Range: { min: double, step: double, most: u32 },
Angle: { bits: u8 },
Quat: { bits: u8 },
QuatPart: { bits: u8 },
Variant: { names: list(text(64), 256) },
Some: {},
});
const lane = struct({
name: text(96),
kind: laneKind,
predict: choice(['Hold', 'Linear']),
joined: bool,
tolerance: u32,
});
const table = struct({
name: text(96),
rows: variants({ Single: {}, Entities: {}, Owned: owned, Cells: owned }),
restricted: bool,
near: option(struct({ x: u16, y: u16 })),
lanes: list(lane, LANES_MAX),
texts: list(struct({ name: text(96), max: u32, utf8: bool }), TEXTS_MAX),
});
const schema = struct({ tables: list(table, TABLES_MAX) });
function decodeSchema(bytes) {
if (bytes.length > SCHEMA_BYTES_MAX) throw new Malformed('the schema is too long');
return decode(schema, bytes);
}
const encodeSchema = (value) => encode(schema, value);
function schemaHash(bytes) {
let hash = 0xcbf29ce484222325n;
for (const byte of bytes) {
hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
}
return hash;
}
return{TABLES_MAX,LANES_MAX,GROUPS_MAX,GROUP_LANES_MAX,TEXTS_MAX,SLOTS_MAX,ENTITIES_MAX,SCHEMA_BYTES_MAX,decodeSchema,encodeSchema,schemaHash};
})();
const $schemas=(()=>{
const{Malformed}=$error;
const{decodeSchema,schemaHash}=$schema;
const SCHEMAS_MAX = 8;
class Schemas {
constructor() {
this.known = new Map();
}
hashes() {
return [...this.known.keys()].slice(-SCHEMAS_MAX);
}
of({ schema_hash: hash, schema: bytes }) {
if (bytes !== null && schemaHash(bytes) !== hash) {
throw new Malformed("the room's schema has another hash");
}
const schema = this.known.get(hash) ?? (bytes === null ? null : decodeSchema(bytes));
if (schema === null) throw new Malformed("the room's schema was not sent and is not known");
this.known.delete(hash);
this.known.set(hash, schema);
return schema;
}
}
return{Schemas};
})();
const $acks=(()=>{
const COUNT = 64;
const BYTES = 8 << 10;
const LATER_MS = 1000;
class Acks {
constructor() {
this.told();
}
arrived(bytes, now) {
this.count += 1;
this.bytes += bytes;
this.due ??= now + LATER_MS;
if (this.count >= COUNT || this.bytes >= BYTES) this.due = now;
}
told() {
this.count = 0;
this.bytes = 0;
this.due = null;
}
}
return{Acks};
})();
const $inputs=(()=>{
const LEAD_MAX = 60;
const SLACK_WANTED = 2;
const PATIENCE = 40;
const isAfter = (count, other) => ((count - other) | 0) > 0;
class Inputs {
constructor(lead, sendEvery, arrived) {
this.auto = lead === 'auto';
this.lead = this.auto ? Math.min(sendEvery, LEAD_MAX) : lead;
this.sent = this.applied = arrived;
this.early = 0;
this.judgedFrom = arrived + 1;
this.theirs = { sent: arrived, applied: arrived, before: arrived, ahead: 0, ours: arrived };
}
count(replaced, kept) {
if (!replaced) {
this.sent = (this.sent + 1) >>> 0;
if (!kept) this.theirs.sent = (this.theirs.sent + 1) >>> 0;
}
return this.sent;
}
resume(arrived) {
const { theirs } = this;
if (isAfter(theirs.applied, theirs.before)) theirs.ahead = (this.sent - theirs.sent) >>> 0;
theirs.applied = Math.min(Math.max(theirs.applied, arrived - 0xffff, 0), arrived);
theirs.sent = theirs.before = arrived;
theirs.ours = this.sent;
this.judgedFrom = (this.sent + 1) >>> 0;
}
again(kept) {
if (!kept) this.sent = (this.sent + 1) >>> 0;
this.theirs.sent = (this.theirs.sent + 1) >>> 0;
}
due(newest, sinceMs, { tickHz, sendEvery }) {
const passed = Math.floor((Math.min(sinceMs, 60_000) * tickHz) / 1000);
return (newest + Math.min(passed, 2 * Math.max(sendEvery, 1)) + this.lead) >>> 0;
}
acknowledge(applied, slack) {
const { theirs } = this;
const more = (applied - theirs.applied) & 0xffff;
if (more > ((theirs.sent - theirs.applied) >>> 0)) return;
theirs.applied = (theirs.applied + more) >>> 0;
let ours;
if (isAfter(theirs.applied, theirs.before)) {
ours = (theirs.applied + this.sent - theirs.sent) >>> 0;
} else {
ours = (theirs.applied + theirs.ahead) >>> 0;
if (isAfter(ours, theirs.ours)) ours = theirs.ours;
}
if (isAfter(ours, this.applied)) this.applied = ours;
if (this.auto && more > 0 && this.applied >= this.judgedFrom) this.judge(slack);
}
judge(slack) {
this.early = slack > SLACK_WANTED ? this.early + 1 : 0;
const change = slack < 0 ? -slack : -(this.early >= PATIENCE);
if (change === 0) return;
this.lead = Math.min(Math.max(this.lead + change, 0), LEAD_MAX);
this.judgedFrom = (this.sent + 1) >>> 0;
this.early = 0;
}
}
return{Inputs};
})();
const $lengths=(()=>{
const LENGTHS = [
[2, 2, 2, 3, 4, 5, 7, 8, 9, 9, 10, 10, 10, 10, 9, 9, 9, 9, 8],
[2, 3, 1, 4, 5, 7, 8, 9, 9, 9, 10, 10, 10, 10, 10, 10, 9, 9, 8],
[2, 2, 2, 3, 4, 5, 7, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 7],
[2, 2, 2, 3, 4, 5, 7, 9, 9, 9, 9, 10, 10, 10, 10, 10, 10, 9, 7],
[3, 2, 2, 2, 4, 5, 6, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 8],
[2, 2, 2, 3, 4, 5, 6, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 8],
[3, 3, 3, 2, 3, 3, 4, 5, 8, 9, 9, 10, 10, 10, 10, 10, 10, 9, 6],
[4, 3, 3, 3, 2, 3, 3, 5, 7, 9, 10, 10, 9, 9, 9, 9, 9, 9, 7],
[6, 3, 2, 4, 4, 3, 4, 5, 4, 4, 3, 7, 9, 10, 10, 10, 10, 10, 10],
[4, 2, 1, 3, 5, 6, 9, 10, 9, 10, 9, 10, 10, 10, 10, 10, 10, 10, 10],
[4, 1, 2, 3, 5, 6, 10, 10, 9, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10],
[3, 1, 2, 4, 5, 7, 8, 9, 8, 9, 9, 10, 10, 10, 10, 10, 10, 9, 9],
[6, 4, 6, 3, 3, 1, 3, 6, 8, 10, 10, 10, 10, 10, 10, 10, 10, 9, 9],
[9, 6, 4, 3, 3, 1, 3, 5, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10],
[10, 8, 5, 3, 2, 1, 4, 6, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10],
[6, 3, 3, 5, 7, 8, 6, 4, 1, 4, 5, 8, 8, 9, 9, 9, 9, 9, 9],
[3, 3, 2, 2, 3, 4, 5, 6, 8, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10],
[2, 3, 3, 3, 3, 3, 4, 5, 6, 8, 9, 10, 10, 10, 10, 10, 10, 9, 9],
[6, 7, 6, 5, 7, 5, 5, 4, 4, 4, 4, 3, 4, 3, 3, 4, 4, 5, 6],
[1, 3, 4, 4, 4, 3, 5, 6, 8, 9, 10, 9, 10, 10, 10, 10, 10, 10, 10],
[3, 3, 2, 2, 3, 4, 5, 6, 10, 10, 10, 10, 10, 10, 9, 9, 9, 9, 9],
[8, 8, 7, 5, 5, 3, 3, 2, 3, 2, 5, 7, 9, 10, 10, 10, 10, 10, 10],
[7, 7, 6, 6, 4, 4, 3, 2, 2, 3, 4, 7, 9, 10, 10, 10, 10, 10, 10],
];
return{LENGTHS};
})();
const $code=(()=>{
const{LENGTHS}=$lengths;
const LOOK_BITS = 10;
const LOOK_MASK = (1 << LOOK_BITS) - 1;
const CODE_ONE_LANE = 8;
const CODE_PLAIN = 16;
const CODE_VELOCITY = 17;
const CODE_WHOLE = 18;
const CODE_GAP = 19;
const SYMBOL_RAW = 18;
const LOOK_LONG = 32;
const LOOK_LENGTH = 31;
const LOOK = table();
function wordsOf(lengths) {
const words = [];
let word = 0;
for (let length = 1; length <= LOOK_BITS; length += 1) {
lengths.forEach((own, symbol) => {
if (own !== length) return;
words[symbol] = reversed(word, length);
word += 1;
});
word *= 2;
}
return words;
}
function reversed(word, length) {
let out = 0;
for (let bit = 0; bit < length; bit += 1) {
out |= ((word >> bit) & 1) << (length - 1 - bit);
}
return out;
}
function table() {
const look = new Int32Array(LENGTHS.length << LOOK_BITS);
LENGTHS.forEach((lengths, code) => {
wordsOf(lengths).forEach((word, symbol) => {
const length = lengths[symbol];
for (let rest = 0; rest < 1 << (LOOK_BITS - length); rest += 1) {
look[(code << LOOK_BITS) | (rest << length) | word] = entry(symbol, length, rest);
}
});
});
return look;
}
function entry(symbol, length, rest) {
const extra = symbol === SYMBOL_RAW ? 32 : Math.max(symbol - 1, 0);
if (length + extra > LOOK_BITS) return (symbol << 8) | LOOK_LONG | length;
const number = symbol === 0 ? 0 : (1 << extra) | (rest & ((1 << extra) - 1));
const signed = (number >>> 1) ^ -(number & 1);
return (signed << 16) | (symbol << 8) | (length + extra);
}
return{LOOK_BITS,LOOK_MASK,CODE_ONE_LANE,CODE_PLAIN,CODE_VELOCITY,CODE_WHOLE,CODE_GAP,SYMBOL_RAW,LOOK_LONG,LOOK_LENGTH,LOOK,wordsOf};
})();
const $bits=(()=>{
const{LOOK,LOOK_BITS,LOOK_LENGTH,LOOK_LONG,LOOK_MASK,SYMBOL_RAW}=$code;
const{Malformed}=$error;
const PADDING = 2048;
const BYTES_MAX = 1 << 26;
class Bits {
constructor() {
this.bytes = new Uint8Array(PADDING);
this.view = new DataView(this.bytes.buffer);
this.at = 0;
this.end = 0;
this.size = 0;
}
load(bytes) {
if (bytes.length > BYTES_MAX) throw new Malformed('the state has more than 64 MiB');
if (this.bytes.length < bytes.length + PADDING) {
this.bytes = new Uint8Array(2 * bytes.length + PADDING);
this.view = new DataView(this.bytes.buffer);
}
this.bytes.set(bytes);
this.bytes.fill(0, bytes.length, bytes.length + PADDING);
this.at = 0;
this.end = 8 * bytes.length;
}
check() {
if (this.at > this.end) throw new Malformed('the state ends early');
}
peek() {
return this.view.getInt32(this.at >>> 3, true) >> (this.at & 7);
}
bits(count) {
const number = this.peek() & ((1 << count) - 1);
this.at += count;
this.check();
return number;
}
wide(count) {
if (count <= 24) return this.bits(count);
const low = this.bits(24);
return low + this.bits(count - 24) * 0x1000000;
}
flag() {
return this.bits(1);
}
golomb(k) {
let zeros = 0;
for (;;) {
const bits = this.peek() & 0xffffff;
if (bits !== 0) {
const more = 31 - Math.clz32(bits & -bits);
zeros += more;
this.at += more + 1;
break;
}
zeros += 24;
this.at += 24;
this.check();
}
this.check();
if (k + zeros > 31) throw new Malformed('a count is too large');
return 2 ** (k + zeros) + this.wide(k + zeros) - 2 ** k;
}
number(code) {
const signed = this.signed(code);
return ((signed << 1) ^ (signed >> 31)) >>> 0;
}
signed(code) {
const bits = this.peek();
const entry = LOOK[(code << LOOK_BITS) | (bits & LOOK_MASK)];
const value = this.signedAt(entry);
this.check();
return value;
}
signedAt(entry) {
this.at += entry & LOOK_LENGTH;
this.size = (entry >> 8) & 0xff;
if ((entry & LOOK_LONG) === 0) {
if (entry === 0) throw new Malformed('a word is in no code');
return entry >> 16;
}
let number;
if (this.size === SYMBOL_RAW) {
const low = this.peek() & 0xffff;
this.at += 16;
number = low | (this.peek() << 16);
this.at += 16;
this.size = 32 - Math.clz32(number);
} else {
const extra = this.size - 1;
number = (1 << extra) | (this.peek() & ((1 << extra) - 1));
this.at += extra;
}
return (number >>> 1) ^ -(number & 1);
}
align() {
if (this.bits(-this.at & 7) !== 0) throw new Malformed('the bits after the state are not 0');
return this.at >>> 3;
}
}
return{Bits};
})();
const $layout=(()=>{
const{Malformed}=$error;
const{ENTITIES_MAX,GROUPS_MAX,GROUP_LANES_MAX,SLOTS_MAX}=$schema;
const HOLD = 0;
const LINEAR = 1;
const QUAT = 2;
const ANGLE_BITS_MAX = 24;
const QUAT_BITS_MIN = 4;
const QUAT_BITS_MAX = 15;
function layoutOf(schema) {
if (schema.tables.length === 0) throw bad('it has no table');
const tables = [];
schema.tables.forEach((table, number) => tables.push(tableOf(table, number, tables)));
return tables;
}
function bad(sentence) {
return new Malformed(`bad schema: ${sentence}`);
}
function masksOf(groups, maskBits) {
const moving = [];
const resting = [];
let movingLow = 0;
let movingHigh = 0;
for (let bit = 0; bit < maskBits; bit += 1) {
if (bit >= groups.length || groups[bit].kind === HOLD) {
resting.push(bit);
} else {
moving.push(bit);
if (bit < 32) movingLow |= 1 << bit;
else movingHigh |= 1 << (bit - 32);
}
}
return { moving, resting, movingLow, movingHigh };
}
function tableOf(table, number, before) {
const kind = table.rows.type;
if ((kind === 'Single') !== (number === 0)) throw bad('the first table, and only it, is single');
const cells = kind === 'Cells';
const groups = groupsOf(table.lanes, cells);
const maskBits = groups.length + table.texts.length;
if (maskBits > GROUPS_MAX) throw bad('a row has more than 64 groups and texts');
const widths = table.lanes.map(widthOf);
const { slotsMax, of, each } = slotsOf(table.rows, before);
if (cells && maskBits === 0 && slotsMax > 1) throw bad('cells without anything in them');
checkSight(table, before[of]);
const layout = {
number,
fixed: kind === 'Single' || cells,
entities: kind === 'Entities',
cells,
restricted: table.restricted,
of,
each,
slotsMax,
owned: [],
width: table.lanes.length,
maskBits,
...masksOf(groups, maskBits),
groups: groups.length,
first: Int32Array.from([...groups.map((group) => group.first), table.lanes.length]),
kind: Uint8Array.from(groups.map((group) => group.kind)),
most: Int32Array.from(groups.map((group) => group.most)),
wrap: Int32Array.from(table.lanes, ({ kind: of }) => 32 - wrapOf(of)),
bits: Uint8Array.from(widths.map((width) => width.bits)),
signed: Uint8Array.from(widths.map((width) => width.signed)),
texts: table.texts,
predicts: !cells,
};
if (of >= 0) before[of].owned.push(layout);
return layout;
}
function slotsOf(rows, before) {
if (rows.type === 'Single') return { slotsMax: 1, of: -1, each: 0 };
if (rows.type === 'Entities') return { slotsMax: ENTITIES_MAX, of: -1, each: 0 };
const owner = before[rows.of];
if (owner === undefined) throw bad('a table comes before that of its owner');
if (owner.cells) throw bad('cells own no rows');
const slotsMax = owner.slotsMax * rows.each;
if (rows.each === 0 || slotsMax > SLOTS_MAX) throw bad('a table has no slots or too many');
return { slotsMax, of: rows.of, each: rows.each };
}
function checkSight({ rows, restricted, near, lanes }, owner) {
if (restricted && rows.type === 'Single') throw bad('single values that not all may see');
if (owner?.restricted && !restricted) throw bad('rows that all may see of owners that not all may');
if (near === null) return;
const there = near.x < lanes.length && near.y < lanes.length;
if (!there || !restricted || rows.type !== 'Entities') throw bad('a position that is not there');
}
function groupsOf(lanes, cells) {
const groups = [];
lanes.forEach((lane, first) => {
if (lane.joined && first > 0) groups.at(-1).lanes.push(lane);
else groups.push({ first, lanes: [lane], kind: HOLD, most: 0 });
});
for (const group of groups) {
if (group.lanes.length > GROUP_LANES_MAX) throw bad('a group has more than 4 lanes');
const [{ kind, predict }, ...others] = group.lanes;
if (kind.type === 'Quat') {
const parts = others.every(({ kind: of }) => of.type === 'QuatPart' && of.bits === kind.bits);
if (!parts || others.length !== 3) throw bad('a quaternion in pieces');
if (kind.bits < QUAT_BITS_MIN || kind.bits > QUAT_BITS_MAX) {
throw bad(`a part of a quaternion has ${QUAT_BITS_MIN} to ${QUAT_BITS_MAX} bits`);
}
group.kind = QUAT;
group.most = 2 ** (kind.bits - 1) - 1;
continue;
}
const bits = wrapOf(kind);
for (const { kind: of } of group.lanes) {
if (of.type === 'Quat' || of.type === 'QuatPart') throw bad('a quaternion in pieces');
if (wrapOf(of) !== bits) throw bad('lanes of different kinds are joined');
}
if (predict === 'Linear' && !cells) group.kind = LINEAR;
}
return groups;
}
function wrapOf(kind) {
if (kind.type !== 'Angle') return 32;
if (kind.bits < 1 || kind.bits > ANGLE_BITS_MAX) throw bad('an angle has 1 to 24 bits');
return kind.bits;
}
function widthOf({ kind }) {
const unsigned = (most) => ({ bits: Math.max(32 - Math.clz32(most), 1), signed: 0 });
switch (kind.type) {
case 'Bool':
case 'Some':
return unsigned(1);
case 'Quat':
return unsigned(3);
case 'Variant':
return unsigned(Math.max(kind.names.length - 1, 0));
case 'Range':
return unsigned(kind.most);
case 'Angle':
case 'QuatPart':
return { bits: kind.bits, signed: 1 };
default:
return { bits: 0, signed: 0 };
}
}
return{HOLD,LINEAR,QUAT,layoutOf};
})();
const $turn=(()=>{
const TURNED = new Int32Array(3);
function clamped(part, most) {
return part > most ? most : part < -most ? -most : part;
}
function turned(from, to, a, b, c, most) {
const parts = [clamped(a, most), clamped(b, most), clamped(c, most)];
const square = 2 * most * most - parts.reduce((sum, part) => sum + part * part, 0);
parts.splice(from, 0, square < 0 ? 0 : Math.floor(Math.sqrt(square)));
const sign = parts[to] < 0 ? -1 : 1;
parts.splice(to, 1);
for (let place = 0; place < 3; place += 1) TURNED[place] = clamped(sign * parts[place], most);
}
return{TURNED,turned};
})();
const $record=(()=>{
const{CODE_ONE_LANE,CODE_PLAIN,CODE_VELOCITY,CODE_WHOLE,LOOK,LOOK_BITS,LOOK_LENGTH,LOOK_LONG,LOOK_MASK,SYMBOL_RAW}=$code;
const{Malformed}=$error;
const{HOLD,LINEAR,QUAT}=$layout;
const{TURNED,turned}=$turn;
const SMALL = 4;
const CONTEXT_MAX = 7;
const sizeOf = (number) => 32 - Math.clz32(number);
class Records {
constructor(bits) {
this.bits = bits;
this.texts = [];
this.low = 0;
this.high = 0;
}
mask(layout, lastLow, lastHigh) {
const { bits } = this;
const { maskBits: size } = layout;
if (size <= 1) {
if (size === 0) throw new Malformed('a record of a row in which nothing can change');
this.low = 1;
this.high = 0;
return;
}
const small = size <= SMALL;
const low = small ? lastLow : lastLow & layout.movingLow;
const high = small ? lastHigh : lastHigh & layout.movingHigh;
const any = (low | high) !== 0;
if (any && bits.flag()) {
this.low = low;
this.high = high;
} else if (small) {
const others = (1 << size) - (any ? 2 : 1);
const number = bits.bits(sizeOf(others - 1));
if (number >= others) throw new Malformed('a mask that is none');
this.low = number + (any && number + 1 >= low ? 2 : 1);
this.high = 0;
} else {
this.each(layout.moving);
const resting = layout.resting.length > 0;
if (resting && ((this.low | this.high) === 0 || bits.flag())) this.resting(layout);
if ((this.low | this.high) === 0) throw new Malformed('a record of nothing');
}
}
anyMask(layout) {
if (layout.maskBits <= SMALL) {
this.low = this.bits.bits(layout.maskBits);
this.high = 0;
return;
}
this.each(layout.moving);
if (layout.resting.length > 0 && this.bits.flag()) this.resting(layout);
}
each(places) {
this.low = 0;
this.high = 0;
this.add(places);
}
add(places) {
for (const place of places) if (this.bits.flag()) this.set(place);
}
resting({ resting }) {
if (this.bits.flag()) {
this.add(resting);
return;
}
const place = this.bits.bits(sizeOf(resting.length - 1));
if (place >= resting.length) throw new Malformed('a mask with a bit beyond its end');
this.set(resting[place]);
}
set(place) {
if (place < 32) this.low |= 1 << place;
else this.high |= 1 << (place - 32);
}
maskTexts(rows, slot) {
const { groups, maskBits, texts } = rows.layout;
for (let bit = groups; bit < maskBits; bit += 1) {
if (this.inMask(bit)) this.texts.push(rows, slot * texts.length + bit - groups);
}
}
inMask(bit) {
return ((bit < 32 ? this.low >>> bit : this.high >>> (bit - 32)) & 1) !== 0;
}
step(rows, slot) {
const { layout, lanes, velocities, contexts } = rows;
const { groups, first, kind, wrap, width } = layout;
const { bits } = this;
this.mask(layout, rows.lastLow[slot], rows.lastHigh[slot]);
const { view } = bits;
const { low, high } = this;
const row = slot * width;
let lastLow = 0;
let lastHigh = 0;
for (let group = 0; group < groups; group += 1) {
const start = first[group];
const end = first[group + 1];
const own = slot * groups + group;
const coding = kind[group];
if (((group < 32 ? low >>> group : high >>> (group - 32)) & 1) === 0) {
contexts[own] = 0;
if (coding !== HOLD) coastGroup(rows, row, group);
continue;
}
let size = 0;
if (coding === QUAT) {
const code = contexts[own] << LOOK_BITS;
size = this.quaternion(rows, row + start, layout.most[group], code, true);
} else {
const context = contexts[own];
const code = (end - start === 1 ? CODE_ONE_LANE + context : context) << LOOK_BITS;
for (let lane = start; lane < end; lane += 1) {
const entry = LOOK[code | ((view.getInt32(bits.at >>> 3, true) >> (bits.at & 7)) & LOOK_MASK)];
let residual;
if ((entry & LOOK_LONG) === 0 && entry !== 0) {
bits.at += entry & LOOK_LENGTH;
residual = entry >> 16;
const own = (entry >> 8) & 0xff;
if (own > size) size = own;
} else {
residual = bits.signedAt(entry);
if (bits.size > size) size = bits.size;
}
const at = row + lane;
const shift = wrap[lane];
const old = lanes[at];
if (coding === LINEAR) {
const change = ((velocities[at] + residual) << shift) >> shift;
velocities[at] = change;
lanes[at] = ((old + change) << shift) >> shift;
} else {
lanes[at] = ((old + residual) << shift) >> shift;
}
}
}
if (size > CONTEXT_MAX) size = CONTEXT_MAX;
contexts[own] = size;
if (size !== 0) {
if (group < 32) lastLow |= 1 << group;
else lastHigh |= 1 << (group - 32);
}
}
rows.lastLow[slot] = lastLow;
rows.lastHigh[slot] = lastHigh;
rows.moving[slot] = 1;
if (layout.maskBits > groups) this.maskTexts(rows, slot);
bits.check();
}
stepCell(rows, slot) {
this.mask(rows.layout, 0, 0);
this.plain(rows, slot, CODE_ONE_LANE, 0);
}
change(rows, slot) {
this.anyMask(rows.layout);
this.plain(rows, slot, CODE_PLAIN, CODE_PLAIN);
if (rows.layout.predicts) this.predictor(rows, slot);
}
plain(rows, slot, codeOne, codeMany) {
const { bits } = this;
const { groups, first, kind, most, wrap, width } = rows.layout;
const row = slot * width;
for (let group = 0; group < groups; group += 1) {
if (!this.inMask(group)) continue;
if (kind[group] === QUAT) {
this.quaternion(rows, row + first[group], most[group], codeMany << LOOK_BITS, false);
continue;
}
const code = first[group + 1] - first[group] === 1 ? codeOne : codeMany;
for (let lane = first[group]; lane < first[group + 1]; lane += 1) {
const sum = rows.lanes[row + lane] + bits.signed(code);
rows.lanes[row + lane] = (sum << wrap[lane]) >> wrap[lane];
}
}
this.maskTexts(rows, slot);
bits.check();
}
quaternion(rows, at, most, code, predicted) {
const { bits } = this;
const { lanes, velocities } = rows;
const va = predicted ? velocities[at + 1] : 0;
const vb = predicted ? velocities[at + 2] : 0;
const vc = predicted ? velocities[at + 3] : 0;
const from = lanes[at];
const a = lanes[at + 1];
const b = lanes[at + 2];
const c = lanes[at + 3];
const entry = LOOK[code | (bits.peek() & LOOK_MASK)];
let size;
if (((entry >> 8) & 0xff) === SYMBOL_RAW) {
bits.at += entry & LOOK_LENGTH;
const to = bits.bits(2);
if (to === from) throw new Malformed('a quaternion turns to where it is');
size = sizeOf(to > from ? 2 * (to - from) : 2 * (from - to) - 1);
turned(from, to, (a + va) | 0, (b + vb) | 0, (c + vc) | 0, most);
for (let part = 0; part < 3; part += 1) {
lanes[at + 1 + part] = TURNED[part] + bits.signed(CODE_PLAIN);
if (bits.size > size) ({ size } = bits);
}
lanes[at] = to;
if (predicted) {
turned(from, to, a, b, c, most);
velocities[at] = 0;
for (let part = 0; part < 3; part += 1) {
velocities[at + 1 + part] = lanes[at + 1 + part] - TURNED[part];
}
}
} else {
lanes[at + 1] = a + va + bits.signedAt(entry);
({ size } = bits);
lanes[at + 2] = b + vb + bits.signedAt(LOOK[code | (bits.peek() & LOOK_MASK)]);
if (bits.size > size) ({ size } = bits);
lanes[at + 3] = c + vc + bits.signedAt(LOOK[code | (bits.peek() & LOOK_MASK)]);
if (bits.size > size) ({ size } = bits);
if (predicted) {
velocities[at + 1] = lanes[at + 1] - a;
velocities[at + 2] = lanes[at + 2] - b;
velocities[at + 3] = lanes[at + 3] - c;
}
}
checkParts(lanes, at, most);
return size;
}
predictor(rows, slot) {
const { bits } = this;
const { layout, velocities } = rows;
const { groups, first, kind, width } = layout;
velocities.fill(0, slot * width, (slot + 1) * width);
rows.contexts.fill(0, slot * groups, (slot + 1) * groups);
rows.lastLow[slot] = rows.lastHigh[slot] = 0;
rows.moving[slot] = bits.flag();
if (!rows.moving[slot]) return;
for (let group = 0; group < groups; group += 1) {
const context = bits.bits(3);
rows.contexts[slot * groups + group] = context;
if (context !== 0) {
if (group < 32) rows.lastLow[slot] |= 1 << group;
else rows.lastHigh[slot] |= 1 << (group - 32);
}
if (kind[group] === HOLD) continue;
for (let lane = first[group] + (kind[group] === QUAT ? 1 : 0); lane < first[group + 1]; lane += 1) {
velocities[slot * width + lane] = bits.signed(CODE_VELOCITY);
}
}
}
row(rows, slot, before) {
const { bits } = this;
const { layout, lanes } = rows;
const { width, texts } = layout;
for (let lane = 0; lane < width; lane += 1) {
const size = layout.bits[lane];
const at = slot * width + lane;
if ((size === 0 || size > 2) && bits.flag()) {
lanes[at] = before < 0 ? 0 : lanes[before * width + lane];
} else if (size === 0) {
lanes[at] = bits.signed(CODE_WHOLE);
} else {
const value = bits.wide(size);
lanes[at] = layout.signed[lane] ? (value << (32 - size)) >> (32 - size) : value;
}
}
for (let group = 0; group < layout.groups; group += 1) {
if (layout.kind[group] !== QUAT) continue;
checkParts(lanes, slot * width + layout.first[group], layout.most[group]);
}
if (layout.predicts) this.predictor(rows, slot);
for (let text = 0; text < texts.length; text += 1) {
if (bits.flag()) this.texts.push(rows, slot * texts.length + text);
}
}
}
function coastGroup({ layout, lanes, velocities }, row, group) {
const { first, wrap, kind, most } = layout;
let moved = 0;
for (let lane = first[group]; lane < first[group + 1]; lane += 1) {
const velocity = velocities[row + lane];
moved |= velocity;
lanes[row + lane] = ((lanes[row + lane] + velocity) << wrap[lane]) >> wrap[lane];
}
if (kind[group] === QUAT) checkParts(lanes, row + first[group], most[group]);
return moved;
}
function coast(rows, from, to) {
const { layout, generations, moving, fresh, contexts } = rows;
const { groups, kind, width } = layout;
for (let slot = from; slot < to; slot += 1) {
if (moving[slot] === 0 || fresh[slot] !== 0 || generations[slot] < 0) continue;
let moved = 0;
for (let group = 0; group < groups; group += 1) {
contexts[slot * groups + group] = 0;
if (kind[group] !== HOLD) moved |= coastGroup(rows, slot * width, group);
}
rows.lastLow[slot] = rows.lastHigh[slot] = 0;
moving[slot] = moved === 0 ? 0 : 1;
}
}
function checkParts(lanes, at, most) {
for (let part = at + 1; part < at + 4; part += 1) {
if (lanes[part] > most || lanes[part] < -most) throw new Malformed('a part of a quaternion is too large');
}
}
return{Records,coast};
})();
const $rows=(()=>{
const{Malformed}=$error;
const ROWS_BYTES_MAX = 16 << 20;
const TEXT_BYTES = 24;
const NO_TEXT = new Uint8Array(0);
class TableRows {
constructor(layout) {
this.layout = layout;
this.slots = 0;
this.count = 0;
this.generations = new Int32Array(0);
this.lanes = new Int32Array(0);
this.texts = [];
this.velocities = new Int32Array(0);
this.contexts = new Uint8Array(0);
this.lastLow = new Int32Array(0);
this.lastHigh = new Int32Array(0);
this.moving = new Uint8Array(0);
this.fresh = new Uint8Array(0);
}
bytes(slots) {
return slots * (4 * this.layout.width + TEXT_BYTES * this.layout.texts.length + 4);
}
grow(slots) {
if (slots <= this.slots) return;
const old = this.generations.length;
if (slots > old) {
const space = Math.max(slots, Math.min(2 * old, this.layout.slotsMax));
const { width, groups, predicts } = this.layout;
this.generations = larger(this.generations, space).fill(-1, old);
this.lanes = larger(this.lanes, space * width);
this.fresh = larger(this.fresh, space);
if (predicts) {
this.velocities = larger(this.velocities, space * width);
this.contexts = larger(this.contexts, space * groups);
this.lastLow = larger(this.lastLow, space);
this.lastHigh = larger(this.lastHigh, space);
this.moving = larger(this.moving, space);
}
}
while (this.texts.length < slots * this.layout.texts.length) this.texts.push(NO_TEXT);
this.slots = slots;
}
has(slot) {
return slot < this.slots && this.generations[slot] >= 0;
}
spawn(slot, generation) {
this.generations[slot] = generation;
this.count += 1;
}
clear(slot) {
const { width, groups, texts, predicts } = this.layout;
this.generations[slot] = -1;
this.count -= 1;
this.lanes.fill(0, slot * width, (slot + 1) * width);
if (predicts) {
this.velocities.fill(0, slot * width, (slot + 1) * width);
this.contexts.fill(0, slot * groups, (slot + 1) * groups);
this.lastLow[slot] = this.lastHigh[slot] = this.moving[slot] = 0;
}
let freed = 0;
for (let text = slot * texts.length; text < (slot + 1) * texts.length; text += 1) {
freed += this.texts[text].length;
this.texts[text] = NO_TEXT;
}
return freed;
}
row(slot) {
const { width } = this.layout;
return this.lanes.subarray(slot * width, (slot + 1) * width);
}
textsOf(slot) {
const { length } = this.layout.texts;
return this.texts.slice(slot * length, (slot + 1) * length);
}
*occupied() {
for (let slot = 0; slot < this.slots; slot += 1) if (this.generations[slot] >= 0) yield slot;
}
hash() {
const { number, width, texts } = this.layout;
let sum = 0;
for (let slot = 0; slot < this.slots; slot += 1) {
if (this.generations[slot] < 0) continue;
let hash = 0x811c9dc5 | 0;
for (let lane = slot * width, end = lane + width; lane < end; lane += 1) {
hash = mix(hash, this.lanes[lane]);
}
for (let text = slot * texts.length; text < (slot + 1) * texts.length; text += 1) {
const bytes = this.texts[text];
hash = mix(hash, bytes.length);
for (let place = 0; place < bytes.length; place += 1) hash = mix(hash, bytes[place]);
}
hash = mix(mix(hash, (number << 24) ^ slot), this.generations[slot]);
sum = (sum + (hash ^ (hash >>> 15))) | 0;
}
return sum;
}
}
function mix(hash, word) {
const product = Math.imul(hash ^ word, 0x9e3779b1);
return (product << 13) | (product >>> 19);
}
function larger(array, length) {
const copy = new array.constructor(length);
copy.set(array);
return copy;
}
class Rows {
constructor(layout) {
this.tables = layout.map((table) => new TableRows(table));
this.textBytes = 0;
}
static initial(layout) {
const rows = new Rows(layout);
rows.spawn(rows.tables[0], 0, 0);
return rows;
}
spawn(table, slot, generation) {
this.admit(table, slot + 1);
table.spawn(slot, generation);
for (const layout of table.layout.owned) {
if (!layout.cells) continue;
const cells = this.tables[layout.number];
const start = slot * layout.each;
this.admit(cells, start + layout.each);
for (let cell = start; cell < start + layout.each; cell += 1) cells.spawn(cell, generation);
}
}
remove(table, slot) {
this.textBytes -= table.clear(slot);
for (const layout of table.layout.owned) {
const rows = this.tables[layout.number];
const end = Math.min((slot + 1) * layout.each, rows.slots);
for (let own = slot * layout.each; own < end; own += 1) {
if (rows.generations[own] >= 0) this.remove(rows, own);
}
}
}
setText(table, index, bytes) {
this.textBytes += bytes.length - table.texts[index].length;
if (this.textBytes > ROWS_BYTES_MAX) throw new Malformed('the texts are larger than 16 MiB');
table.texts[index] = bytes;
}
admit(table, slots) {
if (slots > table.layout.slotsMax) throw new Malformed("a slot beyond the table's end");
if (slots <= table.slots) return;
let bytes = table.bytes(2 * slots);
for (const other of this.tables) bytes += other.bytes(other.slots);
if (bytes > ROWS_BYTES_MAX) throw new Malformed('the state is larger than 16 MiB');
table.grow(slots);
}
hash() {
let sum = 0;
for (const table of this.tables) sum = (sum + table.hash()) | 0;
return sum >>> 0;
}
}
return{ROWS_BYTES_MAX,TableRows,Rows};
})();
const $section=(()=>{
const{CODE_GAP}=$code;
const{Malformed}=$error;
const{coast}=$record;
const NONE = 0;
const BY_GAPS = 1;
const BY_BITS = 2;
function readSection(all, rows, records, step) {
const { bits } = records;
const { layout } = rows;
if (!bits.flag()) {
if (step && layout.predicts) coast(rows, 0, rows.slots);
return;
}
const naming = bits.bits(2);
const gone = !layout.fixed && bits.flag();
const born = !layout.fixed && bits.flag();
if (gone) readGone(all, rows, bits, step && layout.restricted);
const fresh = born ? readNew(all, rows, records) : [];
readChanged(rows, records, naming, step);
for (const slot of fresh) rows.fresh[slot] = 0;
}
function slots(bits, gap, each) {
let left = bits.golomb(2) + 1;
for (let slot = -1; left > 0; left -= 1) {
slot += 1 + bits.golomb(gap);
each(slot);
}
}
function readGone(all, rows, bits, told) {
slots(bits, 2, (slot) => {
if (!rows.has(slot)) throw new Malformed('a row is gone that was not there');
if (told) bits.flag();
all.remove(rows, slot);
});
}
function readNew(all, rows, records) {
const { bits } = records;
const { layout } = rows;
const fresh = [];
slots(bits, 1, (slot) => {
if (slot >= layout.slotsMax) throw new Malformed("a slot beyond the table's end");
if (rows.has(slot)) throw new Malformed('a row is new where one is already');
let generation;
if (layout.entities) {
generation = bits.golomb(3);
if (generation > 0xffff) throw new Malformed('a generation has more than 16 bits');
} else {
const owners = all.tables[layout.of];
const owner = Math.floor(slot / layout.each);
if (!owners.has(owner)) throw new Malformed('a row is new whose owner is not there');
generation = owners.generations[owner];
}
all.spawn(rows, slot, generation);
rows.fresh[slot] = 1;
records.row(rows, slot, fresh.length === 0 ? -1 : fresh.at(-1));
fresh.push(slot);
});
return fresh;
}
function readChanged(rows, records, naming, step) {
const { bits } = records;
const { layout, generations, fresh } = rows;
const coasts = step && layout.predicts;
const record = step ? (layout.predicts ? 'step' : 'stepCell') : 'change';
if (naming === NONE) {
if (coasts) coast(rows, 0, rows.slots);
return;
}
if (naming === BY_GAPS) {
let left = bits.golomb(3) + 1;
const code = CODE_GAP + bits.bits(2);
let next = 0;
for (; left > 0; left -= 1) {
const slot = next + bits.number(code);
if (!rows.has(slot) || fresh[slot]) throw new Malformed('a row changes that is not there or new');
if (coasts) coast(rows, next, slot);
records[record](rows, slot);
next = slot + 1;
}
if (coasts) coast(rows, next, rows.slots);
return;
}
const all = naming !== BY_BITS;
for (let slot = 0; slot < rows.slots; slot += 1) {
if (generations[slot] < 0 || fresh[slot]) continue;
if (all || bits.flag()) records[record](rows, slot);
else if (coasts) coast(rows, slot, slot + 1);
}
}
return{readSection};
})();
const $replica=(()=>{
const{Bits}=$bits;
const{Malformed}=$error;
const{Bytes,readFrame}=$frame;
const{layoutOf}=$layout;
const{Records}=$record;
const{Rows}=$rows;
const{readSection}=$section;
const{textOf}=$wire;
class Replica {
constructor(schema) {
this.schema = schema;
this.layout = layoutOf(schema);
this.rows = new Rows(this.layout);
this.tick = null;
this.newest = 0;
this.records = new Records(new Bits());
}
resumed(joined, schema) {
const replica = schema === this.schema ? this : new Replica(schema);
replica.newest = joined.tick;
return replica;
}
apply(message) {
let parts;
try {
parts = readFrame(message, this.newest);
} catch (error) {
this.tick = null;
throw error;
}
return { ...parts, hash: this.applyState(parts) };
}
applyState({ tick, whole, base, hash, state }) {
const had = this.tick;
this.tick = null;
this.newest = tick;
if (whole) this.rows = Rows.initial(this.layout);
else if (had === null) throw new Malformed('a change of a state that is not here');
if (base !== null && base !== had) throw new Malformed('a change of a state that is not here');
this.read(state, !whole && base === null);
this.tick = tick;
if (hash === null) return 'none';
return hash === this.rows.hash() ? 'same' : 'differs';
}
read(state, step) {
const { records, rows } = this;
records.texts.length = 0;
records.bits.load(state);
for (const table of rows.tables) readSection(rows, table, records, step);
const from = new Bytes(state, records.bits.align());
for (let place = 0; place < records.texts.length; place += 2) {
const table = records.texts[place];
const index = records.texts[place + 1];
const { max, utf8 } = table.layout.texts[index % table.layout.texts.length];
const length = from.varint();
if (length > max) throw new Malformed(`a text of more than ${max} bytes`);
const bytes = from.take(length);
if (utf8) textOf(bytes);
rows.setText(table, index, bytes);
}
if (from.at !== state.length) throw new Malformed('bytes are left over after the state');
}
}
return{Replica};
})();
const $seat=(()=>{
const{Acks}=$acks;
const{Malformed}=$error;
const{encodeInput,readFrame}=$frame;
const{Inputs}=$inputs;
const{Replica}=$replica;
const HELD_MAX = 8192;
const VAIN_MAX = 8;
class Seat {
constructor(joined, schema, lead, now) {
this.room = joined.room;
this.game = joined.game;
this.player = joined.player ?? 0;
this.replica = new Replica(schema);
this.replica.newest = joined.tick;
this.inputs = new Inputs(lead, joined.send_every, joined.inputs ?? 0);
this.acks = new Acks();
this.eventsSeen = joined.events;
this.held = [];
this.newestInput = null;
this.kept = false;
this.vain = 0;
this.take(joined, now);
}
take(joined, now) {
this.pace = { tickHz: joined.tick_hz, sendEvery: joined.send_every };
this.holdMs = joined.hold_ms ?? 0;
this.token = this.holdMs > 0 && joined.token.length > 0 ? joined.token : null;
this.schemaHash = joined.schema_hash;
this.newestAt = now;
this.resyncAsked = false;
}
resume(joined, schema, eventsLost, now) {
if (joined.room !== this.room || (joined.player ?? 0) !== this.player) {
throw new Malformed('the server gave another seat back');
}
if (eventsLost) this.eventsSeen = joined.events;
else if (joined.events !== this.eventsSeen) {
throw new Malformed(`events were to go on after ${this.eventsSeen}, and go on after ${joined.events}`);
}
this.replica = this.replica.resumed(joined, schema);
this.inputs.resume(joined.inputs ?? 0);
this.take(joined, now);
}
get tick() {
return this.replica.tick;
}
frame(message, now) {
const frame = readFrame(message, this.replica.newest);
this.replica.newest = frame.tick;
this.newestAt = now;
this.inputs.acknowledge(frame.inputsApplied, frame.slack);
const desync = this.apply(frame);
for (const event of frame.events) {
if (event.number !== ((this.eventsSeen + 1) >>> 0)) {
throw new Malformed(`event ${event.number} came where event ${this.eventsSeen + 1} was due`);
}
this.eventsSeen = event.number;
this.acks.arrived(event.bytes, now);
this.held.push(event);
}
const state = this.tick !== null;
if (!state && this.held.length > HELD_MAX) {
throw new Malformed('too many events came while the state had to be sent anew');
}
return { frame, state, desync, events: state ? this.held.splice(0) : [] };
}
apply(frame) {
const { replica } = this;
if (!frame.whole && replica.tick === null) {
const first = !this.resyncAsked;
this.resyncAsked = true;
return first;
}
let right = false;
try {
right = replica.applyState(frame) !== 'differs';
} catch (error) {
if (frame.whole) throw error;
}
if (right) {
this.resyncAsked = false;
this.vain = 0;
return false;
}
if (frame.whole) this.vain += 1;
if (this.vain >= VAIN_MAX) throw new Malformed(`${VAIN_MAX} whole states in a row did not have their hash`);
replica.tick = null;
this.resyncAsked = true;
return true;
}
input(body, waits, kept, now) {
const number = this.inputs.count(kept ? this.kept : waits, kept);
this.newestInput = body;
this.kept = kept;
return { number, ...this.stamped(now) };
}
inputAgain(now) {
if (this.newestInput === null) return null;
this.inputs.again(this.kept);
this.kept = false;
return this.stamped(now).message;
}
stamped(now) {
const tick = this.inputs.due(this.replica.newest, now - this.newestAt, this.pace);
return { tick, message: encodeInput(tick, this.newestInput) };
}
}
return{Seat};
})();
const $session=(()=>{
const{closedByServer}=$closed;
const{Connection,again}=$connection;
const{Calls}=$calls;
const{PROTOCOL_VERSION}=$control;
const{Emitter}=$emitter;
const{Misuse,Refused}=$error;
const{within}=$greet;
const{Room}=$room;
const{Schemas}=$schemas;
const{Seat}=$seat;
const{bytesOnly,messagesOf}=$shape;
const{jsonOf}=$target;
const MEASURE_EVERY_MS = 5000;
const LATER = new Set(['Failed', 'Busy', 'Stopping']);
const EVENTS = ['drop', 'resume', 'move', 'close', 'error', 'notice', 'ban'];
class Session {
#schemas = new Schemas();
#games;
#lead;
#reconnectMs;
#strays = 0;
#brokeAt = 0;
#measuring = null;
#acking = false;
constructor(url, { token, profile, games, lead, timeout, silence, reconnect, platform }) {
this.platform = platform;
this.timeoutMs = timeout;
this.token = token;
this.profile = profile;
this.#games = games;
this.#lead = lead;
this.#reconnectMs = reconnect;
this.emitter = new Emitter(EVENTS, (error) => platform.report(error));
this.calls = new Calls(platform);
const owner = this.#owner();
this.connection = new Connection({ platform, url, deadlineMs: timeout, silenceMs: silence, owner });
this.room = null;
this.closed = null;
this.watches = new Map();
this.queued = new Map();
this.unqueued = null;
}
call(message, timeoutMs, late) {
try {
return this.ask(message, timeoutMs, late).answer;
} catch (error) {
return Promise.reject(error);
}
}
ask(message, timeoutMs = this.timeoutMs, late = undefined, type = undefined) {
if (this.closed !== null) throw this.closed;
if (this.connection.socket.overfull) {
throw new Misuse('Busy', 'too much waits for the server: try again later');
}
return this.calls.ask(message, timeoutMs, (bytes) => this.connection.send(bytes), late, type);
}
async entered(room) {
const [messages] = await Promise.all([this.#messages(room), room.ready]);
room._messages = messages;
this.platform.later(() => room._uncork(), 0);
return room;
}
async #messages(room) {
let described = null;
try {
described = typeof this.#games === 'function'
? await within(this.platform, `what ${room.game} looks like`, this.timeoutMs, this.#games(room.game))
: this.#games.find(({ game }) => game === room.game) ?? null;
} catch (error) {
this.report(error);
}
if (described === null) return bytesOnly(room.game);
if (BigInt(`0x${described.hash}`) !== room._seat.schemaHash) {
this.report(new Misuse('OtherSchema', `the server's ${room.game} is another version than the schema `
+ `that connect() was given: print it anew with \`greenroom schema --game ${room.game}\``));
}
return messagesOf(described.messages, room.game);
}
#owner() {
return {
hello: () => ({
type: 'Hello',
protocol: PROTOCOL_VERSION,
client: 'greenroom-client-js/0.1.0',
token: this.token,
schemas: this.#schemas.hashes(),
}),
patienceMs: () => Math.min(this.room?._seat.token ? this.room._seat.holdMs : Infinity, this.#reconnectMs),
restore: (socket) => this.#restore(socket),
heard: (message) => this.#heard(message),
up: (afterMs) => this.#up(afterMs),
broke: (closed, withinMs) => this.#broke(closed, withinMs),
probe: () => this.#measure(),
closed: (closed) => this.#end(closed),
report: (error) => this.report(error),
};
}
report(error) {
this.emitter.emit('error', error);
}
#heard(message) {
if (message instanceof Uint8Array) {
if (this.room?._frame(message, this.platform.now())) this.connection.say({ type: 'Resync' });
this.#acknowledge();
return;
}
const hear = this.#hears[message.type];
if (hear !== undefined) {
hear(message);
return;
}
const why = `the server said ${message.type}, which this client leaves out: update the client`;
this.report(new Misuse('Unknown', why));
}
#hears = {
Joined: (joined) => this.#take(joined, null),
Moved: ({ joined }) => this.#move(this.connection, joined),
Spectating: (spectating) => this.#take(spectating, spectating.delay_ms),
Refused: ({ id, why, text }) => {
const asked = this.calls.settle(id, null, new Refused(why, text));
if (asked !== 'Ping') this.room?._seat.acks.arrived(0, this.platform.now());
this.#acknowledge();
},
Reply: ({ id, body }) => {
this.room?._seat.acks.arrived(body.length, this.platform.now());
this.calls.settle(id, body);
this.#acknowledge();
},
Rooms: ({ id, rooms }) => this.calls.settle(id, rooms),
Found: ({ id, ...found }) => this.calls.settle(id, found),
Watched: ({ id, ...changes }) => {
this.watches.get(id)?.take(changes);
this.calls.settle(id, null);
},
Reserved: ({ id, room, codes, expires_ms: expiresMs }) => this.calls.settle(id, { room, codes, expiresMs }),
Waiting: ({ id, place }) => {
const hear = this.queued.get(id);
if (hear !== undefined) this.emitter.call(hear, place);
},
RoomCode: ({ room, code }) => {
if (this.room?.id === room) this.room.code = code;
},
Banned: ({ room, for_ms: forMs, text }) => {
this.emitter.emit('ban', { room, forMs: Number(forMs), text });
},
Notice: ({ text }) => this.emitter.emit('notice', text),
Roster: (message) => this.room?._people(message),
Left: () => this.#over((room) => room._close(null)),
Ended: ({ result }) => {
const value = jsonOf(result);
this.#over((room) => room._ended(value));
},
Dismissed: ({ code }) => this.#over((room) => room._close(closedByServer(code, '', null))),
Welcome: () => this.connection.socket.close(4001, 'the server sent a second Welcome'),
};
#take(joined, delayMs) {
const schema = this.#schemas.of(joined);
const now = this.platform.now();
if (this.room?.spectating && delayMs !== null) {
this.calls.settle(joined.id, this.room);
this.room._resumed(joined, schema, true, now - this.#brokeAt, now);
return;
}
const room = new Room(this, new Seat(joined, schema, this.#lead, now), delayMs);
const asked = this.calls.settle(joined.id, room);
if (asked === null) {
this.#strays += 1;
if (this.unqueued !== joined.id) this.connection.say({ type: 'Leave' });
this.unqueued = null;
return;
}
this.calls.used(joined.requests ?? 0);
this.calls.seated();
this.room = room;
if (asked === 'Resume') this.#ack(this.connection);
this.#keepMeasuring();
}
#move(to, joined) {
const before = this.room;
if (before === null) return;
const seat = new Seat(joined, this.#schemas.of(joined), this.#lead, this.platform.now());
const room = new Room(this, seat, null);
const moved = new Refused('Moved', 'the game has moved the player to another room');
this.#leaveBehind(moved);
before._close(moved);
this.calls.used(joined.requests);
this.calls.seated();
this.room = room;
to.say({ type: 'Arrived', room: joined.room, player: joined.player });
if (before._leaving) room.leave();
this.#keepMeasuring();
this.entered(room).then(() => this.emitter.emit('move', room, before), () => {});
}
#over(tell) {
if (this.#strays > 0) {
this.#strays -= 1;
return;
}
const { room } = this;
if (room === null) return;
this.#leaveBehind();
tell(room);
}
#leaveBehind(why = new Misuse('NoSeat', 'the room was over before it answered')) {
this.room = null;
this.calls.unseated(why);
this.platform.cancel(this.#measuring);
}
#acknowledge() {
const { room } = this;
if (room === null || room._seat.token === null || room._seat.acks.due === null) return;
const wait = room._seat.acks.due - this.platform.now();
if (wait <= 0) {
this.#ack(this.connection);
} else if (!this.#acking) {
this.#acking = true;
this.platform.later(() => {
this.#acking = false;
if (this.connection.state === 'up') this.#acknowledge();
}, wait);
}
}
#ack(to) {
const { acks, eventsSeen } = this.room._seat;
acks.told();
to.say({ type: 'Ack', events: eventsSeen, replies: this.calls.settled() });
}
#measure() {
const { now } = this.platform;
const start = now();
const measured = () => this.room?._clock.measured(now() - start);
try {
const ask = this.ask({ type: 'List', game: '' }, this.timeoutMs, undefined, 'Ping');
ask.answer.then(measured, (error) => error instanceof Refused && measured());
} catch {
}
}
#keepMeasuring() {
this.platform.cancel(this.#measuring);
this.#measuring = this.platform.later(() => this.#keepMeasuring(), MEASURE_EVERY_MS);
if (this.connection.state === 'up') this.#measure();
}
#broke(closed, withinMs) {
this.#brokeAt = this.platform.now();
this.calls.broke(closed);
this.#strays = 0;
this.unqueued = null;
const { room } = this;
if (room !== null && !room.spectating && room._seat.token === null) {
this.#leaveBehind();
room._close(closed);
}
room?._broke(closed, withinMs);
this.emitter.emit('drop', closed, withinMs);
}
async #restore(socket) {
const { room } = this;
if (room === null || room.spectating) return;
const seat = room._seat;
const attempt = this.connection.pauses.attempt();
let events = seat.eventsSeen;
let ended = null;
for (;;) {
socket.say({ type: 'Resume', id: 0, token: seat.token, attempt, tick: seat.tick, events, schema: null });
let answer = await socket.next();
if (answer.type === 'Ended') {
ended = { result: jsonOf(answer.result) };
answer = await socket.next();
}
if (answer.type === 'Joined' && answer.id === 0) {
this.#resumed(socket, answer, events === null);
return;
}
if (answer.type === 'Moved' && answer.joined.id === 0) {
this.#move(socket, answer.joined);
this.#ack(socket);
return;
}
if (answer.type !== 'Refused' || answer.id !== 0) {
socket.close(4001, 'the server said something else before it answered Resume');
throw socket.ended;
}
const { why, text } = answer;
if (LATER.has(why)) throw again(text);
if (why !== 'TooFarBehind' || events === null) {
this.#leaveBehind();
if (ended !== null) room._ended(ended.result);
else room._close(room._leaving && why === 'SeatGone' ? null : new Refused(why, text));
return;
}
events = null;
}
}
#resumed(socket, joined, eventsLost) {
const now = this.platform.now();
const { room } = this;
let other;
try {
other = room._resumed(joined, this.#schemas.of(joined), eventsLost, now - this.#brokeAt, now);
} catch (error) {
socket.close(4000, error.message);
throw socket.ended;
}
if (other) this.#messages(room).then((messages) => { room._messages = messages; });
this.calls.used(joined.requests);
this.#ack(socket);
}
#up(afterMs) {
const { room, connection } = this;
for (const bytes of this.calls.again()) connection.send(bytes);
for (const [id, watch] of [...this.watches]) this.#watchAgain(id, watch);
if (room?.spectating) {
this.call({ type: 'Spectate', room: room.id, schema: null }).catch((error) => {
if (this.room !== room || this.connection.state !== 'up') return;
this.#leaveBehind();
room._close(error);
});
} else if (room?._leaving) {
connection.say({ type: 'Leave' });
} else {
const input = room?._seat.inputAgain(this.platform.now());
if (input) connection.sendInput(input);
}
this.emitter.emit('resume', afterMs);
}
#watchAgain(before, watch) {
if (!watch.answered) return;
watch.restart();
this.watches.delete(before);
const { id, answer } = this.ask({ type: 'Watch', query: watch.query });
this.watches.set(id, watch);
answer.catch((error) => this.report(error));
}
#end(closed) {
this.closed = closed;
const { room } = this;
this.calls.fail(closed);
if (room !== null) {
this.#leaveBehind();
room._close(closed);
}
this.emitter.emit('close', closed);
}
}
return{Session};
})();
const $connect=(()=>{
const{Client}=$client;
const{Misuse}=$error;
const{PLATFORM}=$platform;
const{Session}=$session;
const DEFAULTS = {
token: null,
profile: {},
games: null,
lead: 'auto',
timeout: 10_000,
silence: 15_000,
reconnect: 600_000,
platform: PLATFORM,
};
async function connect(url, options = {}) {
const other = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name));
if (other !== undefined) {
throw new Misuse('BadOption', `connect() has no option ${other}: it has ${Object.keys(DEFAULTS).join(', ')}`);
}
const address = addressOf(url);
const all = { ...DEFAULTS, ...options };
all.games ??= (name) => describe(all.platform, address, name);
const session = new Session(address.href, all);
await session.connection.open();
return new Client(session);
}
function addressOf(url) {
let address;
try {
address = new URL(url);
} catch {
address = null;
}
if (address === null || !['wss:', 'ws:'].includes(address.protocol)) {
throw new Misuse('BadUrl', `${url} is not an address to connect to: it looks like wss://host:port`);
}
if (address.pathname === '/') address.pathname = '/ws';
return address;
}
async function describe(platform, address, game) {
const from = new URL(`schema/${encodeURIComponent(game)}`, address);
from.protocol = address.protocol === 'wss:' ? 'https:' : 'http:';
const response = await platform.fetch(from.href);
return response.ok ? response.json() : null;
}
return{connect};
})();
const $index=(()=>{
return{connect:$connect.connect,Closed:$error.Closed,GreenroomError:$error.GreenroomError,Malformed:$error.Malformed,Misuse:$error.Misuse,Refused:$error.Refused,TimedOut:$error.TimedOut};
})();
export const{connect,Closed,GreenroomError,Malformed,Misuse,Refused,TimedOut}=$index;
