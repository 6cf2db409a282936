/** The JavaScript client of Greenroom. What each thing does is written in its module, and in README.md. */

/** The types of a game, as `greenroom schema --ts` prints them: `{ State: Arena.State, Input: … }`. */
export interface GameTypes {
  State: object;
  Input: unknown;
  Request: unknown;
  Reply: unknown;
  Event: unknown;
}

/** A game of which the types are not known. */
export interface AnyGame {
  State: any;
  Input: any;
  Request: any;
  Reply: any;
  Event: any;
}

/** Ends what began. */
export type Off = () => void;

/** What a person says about themself. */
export interface Profile {
  name?: string;
  data?: object;
}

/** What `greenroom schema --game NAME` prints. */
export interface GameDescription {
  game: string;
  hash: string;
  messages: object;
}

/** Times in milliseconds. */
export interface ConnectOptions {
  /** A secret that says who this is, where the server wants to know. */
  token?: string | null;
  profile?: Profile;
  /** What games look like; without it the client asks the server. */
  games?: GameDescription[] | ((name: string) => Promise<GameDescription | null>);
  /** For how many ticks ahead inputs are sent. Default: `'auto'`. */
  lead?: 'auto' | number;
  /** For what is asked, and each attempt to connect. Default: 10,000. */
  timeout?: number;
  /** A server that says nothing for so long is asked whether it is there. Default: 15,000. */
  silence?: number;
  /** For how long the client tries to come back at most; 0: it does not. Default: 600,000. */
  reconnect?: number;
  /** In place of the browser or Node, for tests: see `src/platform.js`. */
  platform?: object;
}

/** Connects to `wss://host:port`. */
export function connect(url: string, options?: ConnectOptions): Promise<Client>;

export interface JoinOptions {
  profile?: Profile;
  timeout?: number;
  signal?: AbortSignal;
}

export type MetaValue = string | number | bigint | boolean;

/** What a new room is to be, besides its options. */
export interface NewRoom {
  seats?: number;
  visibility?: 'listed' | 'unlisted' | 'private';
  meta?: Record<string, MetaValue>;
}

export type Test =
  | MetaValue
  | { not: MetaValue }
  | { from?: number | bigint; to?: number | bigint }
  | { oneOf: MetaValue[] }
  | { startsWith: string };

export type Fact = 'players' | 'free' | 'age' | `meta.${string}`;

export interface Query {
  game: string;
  /** All of this is to hold. */
  where?: { [fact in Fact]?: Test };
  /** With `-` the highest first. Default: `'-age'`, the oldest first. */
  sort?: Fact | `-${Fact}`;
  /** At most 50. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: Uint8Array | null;
}

export interface ListedRoom {
  room: string;
  players: number;
  playersMax: number;
  options: Record<string, unknown>;
}

export interface FoundRoom extends ListedRoom {
  free: number;
  locked: boolean;
  ageSecs: number;
  meta: Record<string, MetaValue>;
}

export interface WatchChanges {
  added: FoundRoom[];
  changed: FoundRoom[];
  removed: string[];
}

/** A line of a room's chat; `from` is null when the game itself says it. */
export interface ChatLine {
  from: number | null;
  name: string;
  scope: number;
  at: number;
  text: string;
}

/** What is told of a place for a room. */
export interface PlaceEvents {
  move: (room: Room, before: Room) => void;
  notice: (text: string) => void;
  ban: (ban: { room: string; forMs: number; text: string }) => void;
}

/** And of the connection, by the client itself. */
export interface ClientEvents extends PlaceEvents {
  drop: (why: Closed, withinMs: number) => void;
  resume: (afterMs: number) => void;
  close: (why: Closed) => void;
  error: (error: Error) => void;
}

/** For one room at a time: `client.beside(1)`; the client is the first. */
export interface Place<Events = PlaceEvents> {
  readonly room: Room | null;
  on<Name extends keyof Events>(name: Name, hear: Events[Name]): Off;
  create<G extends GameTypes = AnyGame>(game: string, options?: object, how?: JoinOptions & NewRoom): Promise<Room<G>>;
  join<G extends GameTypes = AnyGame>(game: string, options?: object, how?: JoinOptions): Promise<Room<G>>;
  joinOrCreate<G extends GameTypes = AnyGame>(game: string, options?: object, how?: JoinOptions): Promise<Room<G>>;
  joinById<G extends GameTypes = AnyGame>(room: string, how?: JoinOptions): Promise<Room<G>>;
  joinByCode<G extends GameTypes = AnyGame>(code: string, how?: JoinOptions): Promise<Room<G>>;
  joinReserved<G extends GameTypes = AnyGame>(code: string, how?: JoinOptions): Promise<Room<G>>;
  match<G extends GameTypes = AnyGame>(query: Query, how?: JoinOptions & { orCreate?: NewRoom & { options?: object } }): Promise<Room<G>>;
  wait<G extends GameTypes = AnyGame>(room: string, how?: JoinOptions & { onPlace?: (place: number) => void }): Promise<Room<G>>;
  resume<G extends GameTypes = AnyGame>(token: string, how?: { timeout?: number }): Promise<Room<G>>;
  spectate<G extends GameTypes = AnyGame>(room: string | Room, how?: { timeout?: number }): Promise<Room<G>>;
}

export interface Client extends Place<ClientEvents> {
  readonly server: string;
  readonly games: string[];
  readonly state: 'connecting' | 'up' | 'broken' | 'closed';
  /** Why the connection is over for good; `null` while it is not. */
  readonly closed: Closed | null;
  /** Another place for a room, over the same connection. */
  beside(number: 1 | 2 | 3): Place;
  list(game: string): Promise<ListedRoom[]>;
  find(query: Query): Promise<{ rooms: FoundRoom[]; next: Uint8Array | null }>;
  watch(
    query: Query,
    hear?: (rooms: ReadonlyMap<string, FoundRoom>, changes: WatchChanges) => void,
  ): Promise<{ rooms: ReadonlyMap<string, FoundRoom>; stop: Off }>;
  reserve(
    where: { room: string } | ({ game: string; how?: 'create' | 'join' | 'joinOrCreate'; options?: object } & NewRoom),
    seats: number,
  ): Promise<{ room: string; codes: string[]; expiresMs: number }>;
  unreserve(code: string): void;
  setToken(token: string | null): void;
  close(): void;
}

export interface Person {
  player: number;
  account: string;
  name: string;
  data: string;
  connected: boolean;
}

export interface RosterChange {
  what: 'joined' | 'left' | 'dropped' | 'resumed';
  person: Person;
}

export interface Stats {
  frames: number;
  frameBytes: number;
  framesWhole: number;
  framesMerged: number;
  desyncs: number;
  events: number;
  inputs: number;
  inputsReplaced: number;
  resumed: number;
  awayMs: number;
  rttMs: number | null;
  jitterMs: number;
  inputLeadTicks: number;
}

/** The names of a state's tables of entities. */
export type TableName<State> = {
  [Name in keyof State & string]: State[Name] extends Map<number, unknown> ? Name : never;
}[keyof State & string];

/** An entity of a table. */
export type Row<State, Name extends keyof State> = State[Name] extends Map<number, infer Of> ? Of : never;

export interface Room<G extends GameTypes = AnyGame> {
  readonly id: string;
  readonly game: string;
  readonly player: number;
  readonly tickHz: number;
  readonly sendEvery: number;
  readonly tick: number;
  readonly schema: object;
  readonly state: G['State'];
  readonly roster: ReadonlyMap<number, Person>;
  readonly spectators: number;
  readonly spectating: boolean;
  readonly delayMs: number;
  readonly code: string | null;
  readonly token: string | null;
  readonly over: Error | null;
  readonly inputApplied: number;
  readonly inputAppliedTick: number | null;
  readonly inputSlack: number;
  readonly stats: Stats;
  on<Name extends TableName<G['State']>>(
    what: 'add' | 'change' | 'remove',
    table: Name,
    hear: (entity: Row<G['State'], Name>, slot: number) => void,
  ): Off;
  on(what: 'frame', hear: (state: G['State'], tick: number, whole: boolean) => void): Off;
  on(what: 'event', hear: (event: G['Event'], when: { tick: number; number: number }) => void): Off;
  on(what: 'chat', hear: (line: ChatLine) => void): Off;
  on(what: 'roster', hear: (changes: RosterChange[]) => void): Off;
  on(what: 'drop', hear: (why: Closed, withinMs: number) => void): Off;
  on(what: 'resume', hear: (how: { afterMs: number; eventsLost: boolean }) => void): Off;
  on(what: 'end', hear: (result: unknown) => void): Off;
  on(what: 'close', hear: (why: Error | null) => void): Off;
  entityId(table: string, slot: number): { slot: number; generation: number } | null;
  input(value: G['Input'], tick?: number | null): { number: number; tick: number };
  request(value: G['Request'], how?: { timeout?: number }): Promise<G['Reply']>;
  chat(text: string, how?: { scope?: number; timeout?: number }): Promise<void>;
  leave(): Promise<void>;
  arrivingTick(): number | null;
  serverTick(): number | null;
}

/** Any error of this library. */
export class GreenroomError extends Error {
  readonly code: string | number;
}
/** What a server sent is not what the protocol says. */
export class Malformed extends GreenroomError {}
/** The server or the game said no. */
export class Refused extends GreenroomError {
  readonly code: string;
  readonly text: string;
}
/** No answer came in time. It may have been done all the same. */
export class TimedOut extends GreenroomError {}
/** The program asked for something that cannot be. */
export class Misuse extends GreenroomError {
  readonly code: string;
}
/** A connection has ended, or a seat was taken away on one that goes on. */
export class Closed extends GreenroomError {
  readonly code: number;
  readonly by: 'server' | 'network' | 'client';
  readonly reason: string;
  readonly then: 'stop' | 'back-off' | 'reconnect';
  readonly retryAfterMs: number | null;
}
