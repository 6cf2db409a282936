/** What a game draws between the room's frames. What each thing does is written in its module. */

/** What of an entity moves; angles are in radians and go the short way round. */
export type Fields<Entity> = { [Name in keyof Entity]?: 'linear' | 'angle' };

export interface InterpolatorOptions<Entity> {
  fields: Fields<Entity>;
  /** Whether an entity may have gone from the one state to the other, rather than jumped. */
  isSame?: (one: Entity, other: Entity) => boolean;
  /** Default: 500. */
  delayMaxMs?: number;
  /** Default: 100. */
  extrapolateMs?: number;
}

/** Others, where they were a little while ago. */
export class Interpolator<Entity extends object, Key = number> {
  constructor(options: InterpolatorOptions<Entity>);
  readonly delayMs: number;
  readonly time: number;
  push(time: number, entities: Iterable<[Key, Entity]>, now?: number): void;
  at(now?: number): Map<Key, Entity>;
  restart(): void;
}

export interface PredictorOptions<State, Input> {
  /** The state after that tick, in a new object. */
  step: (state: State, input: Input, tick: number) => State;
  /** The input of who has not said any. */
  idle: Input;
  fields: Fields<State>;
  /** Default: 100. */
  smoothMs?: number;
  /** A larger correction is not smoothed. Default: each is. */
  jump?: number;
}

/** What is the player's own, without waiting for the room. */
export class Predictor<State extends object, Input> {
  constructor(options: PredictorOptions<State, Input>);
  readonly correction: number;
  readonly tick: number;
  input(input: Input, tick: number): void;
  server(state: State | null, tick: number, applied: number | null, now?: number): void;
  state(now?: number, share?: number, input?: Input): State | null;
}

/** The ticks of this client, ahead of the room by as much as inputs need. */
export class Pace {
  constructor(options: { tickHz: number; slack?: number });
  readonly share: number;
  frame(tick: number, slack: number, applied: number | null, now?: number, rttMs?: number | null): void;
  due(now?: number): number[];
  restart(): void;
}

/** The same angle, from −π to π. */
export function wrapAngle(angle: number): number;
