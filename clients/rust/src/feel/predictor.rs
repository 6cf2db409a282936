//! What is the player's own, drawn without waiting for the room.

use std::collections::VecDeque;
use std::time::Duration;

use greenroom_proto::Tick;

use super::fields::{Field, Fields};
use super::ms;

/// Ticks that are predicted at most: what is further ahead stands still until the room is heard
/// again.
const AHEAD_MAX: usize = 128;
/// After [`Prediction::smooth`] this share of a correction is left to be seen.
const LEFT: f64 = 0.05;

/// The room's own rule for what is the player's. What it needs besides, such as where others are, it
/// has itself: see [`Predictor::rule_mut`].
pub trait Rule {
    /// What is predicted.
    type State: Clone;
    /// What a player does.
    type Input: Clone;

    /// The state after that tick.
    fn step(&mut self, state: &Self::State, input: &Self::Input, tick: Tick) -> Self::State;
}

/// How the player's own is drawn.
#[derive(Clone, Debug)]
pub struct Prediction<S> {
    /// What is smoothed.
    pub fields: Vec<Field<S>>,
    /// For how long a correction is to be seen.
    pub smooth: Duration,
    /// A correction of more than that, in units of the linear fields, is not smoothed.
    pub jump: f64,
}

impl<S> Prediction<S> {
    /// As it is usual: over 100 ms, however far.
    pub fn of(fields: impl Into<Vec<Field<S>>>) -> Self {
        let smooth = Duration::from_millis(100);
        Prediction { fields: fields.into(), smooth, jump: f64::INFINITY }
    }
}

/// What is the player's own, drawn without waiting for the room: the room's last word, and from there
/// on the game's own rule with the inputs that the room has not answered yet. Where the room turns
/// out to have done something else, what is drawn goes over to it within a moment.
#[derive(Clone, Debug)]
pub struct Predictor<R: Rule> {
    rule: R,
    fields: Fields<R::State>,
    smooth_ms: f64,
    jump: f64,
    /// The room's last word, and of which tick.
    base: Option<R::State>,
    base_tick: Tick,
    /// The input that the room goes on with while no newer comes.
    held: R::Input,
    /// Inputs that it has not answered yet, oldest first.
    pending: VecDeque<(Tick, R::Input)>,
    predicted: Option<R::State>,
    tick: Tick,
    /// What is drawn beside the prediction, field by field, at a time.
    error: Vec<f64>,
    error_at_ms: f64,
    correction: f64,
}

impl<R: Rule> Predictor<R> {
    /// Nothing yet. `idle`: the input of who has not said any.
    #[must_use]
    pub fn new(rule: R, idle: R::Input, how: Prediction<R::State>) -> Self {
        Predictor {
            rule,
            error: vec![0.0; how.fields.len()],
            fields: Fields(how.fields),
            smooth_ms: ms(how.smooth),
            jump: how.jump,
            base: None,
            base_tick: Tick(0),
            held: idle,
            pending: VecDeque::new(),
            predicted: None,
            tick: Tick(0),
            error_at_ms: 0.0,
            correction: 0.0,
        }
    }

    /// The rule, to tell it what it needs besides.
    pub fn rule_mut(&mut self) -> &mut R {
        &mut self.rule
    }

    /// How far the room's last word was from what had been predicted, in units of the linear fields.
    #[must_use]
    pub fn correction(&self) -> f64 {
        self.correction
    }

    /// The tick of what is predicted.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// The player does this at that tick, after all those before. Of two for one tick the newer counts.
    pub fn input(&mut self, input: R::Input, tick: Tick) {
        if self.pending.back().is_some_and(|(last, _)| *last >= tick) {
            self.pending.pop_back();
        }
        if self.pending.len() == AHEAD_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back((tick, input));
        self.predict(tick);
    }

    /// The room's state after a tick, and the tick of the newest input in it
    /// ([`Client::applied_tick`](crate::Client::applied_tick)). No state: there is nothing of the player's to
    /// see now.
    pub fn server(
        &mut self,
        state: Option<R::State>,
        tick: Tick,
        applied: Option<Tick>,
        now: Duration,
    ) {
        let before = self.predicted.take();
        while self.pending.front().is_some_and(|(input, _)| Some(*input) <= applied) {
            if let Some((_, input)) = self.pending.pop_front() {
                self.held = input;
            }
        }
        (self.base, self.base_tick) = (state, tick);
        self.predict(self.tick.max(tick));
        self.correction = 0.0;
        match self.predicted.as_ref().zip(before) {
            Some((predicted, before)) => {
                let difference = self.fields.difference(predicted, &before);
                self.correct(&difference, ms(now));
            }
            None => self.error.fill(0.0),
        }
    }

    /// What to draw `now`: the prediction, and a share of the next tick with the keys as they are now,
    /// so that they are answered in the next picture ([`Pace::share`](super::Pace::share)).
    pub fn state(&mut self, now: Duration, share: f64, input: &R::Input) -> Option<R::State> {
        let mut shown = self.predicted.clone()?;
        if share > 0.0 {
            let next = self.rule.step(&shown, input, self.tick.next());
            let difference = self.fields.difference(&shown, &next);
            shown = self.fields.moved(shown, &difference, share);
        }
        Some(self.fields.moved(shown, &self.error, self.left(ms(now))))
    }

    /// From the room's word to a tick, as the room will do it.
    fn predict(&mut self, to: Tick) {
        let Some(mut state) = self.base.clone() else { return };
        let mut input = &self.held;
        let mut pending = self.pending.iter().peekable();
        let ahead = to.0.saturating_sub(self.base_tick.0).min(AHEAD_MAX as u32);
        for tick in (1..=ahead).map(|ahead| Tick(self.base_tick.0.saturating_add(ahead))) {
            // Of those that came too late for their tick the newest counts.
            while let Some((_, due)) = pending.next_if(|(due, _)| *due <= tick) {
                input = due;
            }
            state = self.rule.step(&state, input, tick);
        }
        self.predicted = Some(state);
        self.tick = to;
    }

    fn correct(&mut self, difference: &[f64], now_ms: f64) {
        self.correction = self.fields.length(difference);
        if self.correction > self.jump {
            self.error.fill(0.0);
            return;
        }
        let left = self.left(now_ms);
        for (error, more) in self.error.iter_mut().zip(difference) {
            *error = *error * left + more;
        }
        self.error_at_ms = now_ms;
    }

    /// Only for what is drawn here: no room sees the last digit.
    #[allow(clippy::disallowed_methods)]
    fn left(&self, now_ms: f64) -> f64 {
        LEFT.powf((now_ms - self.error_at_ms).max(0.0) / self.smooth_ms.max(1.0))
    }
}
