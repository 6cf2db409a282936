//! The moves.

use std::time::Duration;

use greenroom_proto::{List, PlayerId};

use super::card::{Card, EIGHT, Suit};
use super::deck::Deck;
use super::table::{HAND_MAX, Seat, Turn};
use super::{Cards, Event, Reason, Refused};
use crate::game::{Ctx, ensure};

impl Cards {
    pub(super) fn start(&mut self, ctx: &mut Ctx<Self>) {
        let players: Vec<PlayerId> = self.state.players.values().map(|seat| seat.player).collect();
        for player in &players {
            // There are as many places as seats.
            let _ = self.state.points.insert(*player, 0);
        }
        let first = ctx.rng().below(players.len() as u32) as usize;
        self.first = players.get(first).copied().unwrap_or_default();
        self.deal(ctx);
    }

    fn deal(&mut self, ctx: &mut Ctx<Self>) {
        self.deck = Deck::shuffled(ctx.rng());
        let each = if self.state.players.len() == 2 { 7 } else { 5 };
        for seat in self.state.players.values_mut() {
            seat.empty();
            for card in std::iter::from_fn(|| self.deck.draw()).take(each) {
                seat.take(card);
            }
        }
        // An eight is no card to begin with: it goes to the bottom.
        while let Some(card) = self.deck.draw() {
            if card.rank != EIGHT {
                self.state.pile = List::first([card]);
                break;
            }
            self.deck.0.insert(0, card);
        }
        self.count_deck();
        self.state.deal += 1;
        self.state.called = None;
        self.idle = 0;
        Self::tell(Event::Dealt { first: self.first }, ctx);
        self.turn_of(self.first, ctx);
    }

    pub(super) fn play(
        &mut self,
        player: PlayerId,
        card: Card,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Refused> {
        self.playing(player)?;
        let fits = self.state.fits(card);
        let seat = self.state.seat_mut(player).ok_or(Refused::NotYourTurn)?;
        ensure(seat.hand.contains(&card), Refused::NotYourCard)?;
        ensure(fits, Refused::DoesNotFit)?;
        seat.lay(card);
        let is_last = seat.hand.is_empty();
        // All cards find room on the pile.
        let _ = self.state.pile.push(card);
        self.state.called = None;
        self.idle = 0;
        Self::tell(Event::Played { player, card }, ctx);
        if is_last {
            self.deal_ends(ctx);
        } else if card.rank == EIGHT {
            self.new_turn(Turn::Choosing { player, since: now(ctx) }, ctx);
        } else {
            self.next(player, ctx);
        }
        Ok(())
    }

    pub(super) fn choose(
        &mut self,
        player: PlayerId,
        suit: Suit,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Refused> {
        match self.playing(player) {
            Err(Refused::ChooseFirst) => {}
            Ok(_) => return Err(Refused::NothingToChoose),
            Err(other) => return Err(other),
        }
        self.state.called = Some(suit);
        Self::tell(Event::Chose { player, suit }, ctx);
        self.next(player, ctx);
        Ok(())
    }

    pub(super) fn draw(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), Refused> {
        let since = self.may_draw(player)?;
        if self.deck.is_empty() {
            let top = self.state.pile.pop();
            let cards = std::mem::replace(&mut self.state.pile, List::first(top));
            Self::tell(Event::Shuffled, ctx);
            self.put_back(cards, ctx);
        }
        if let Some(card) = self.deck.draw()
            && let Some(seat) = self.state.seat_mut(player)
        {
            seat.take(card);
        }
        self.count_deck();
        self.idle = 0;
        // The time for the turn runs on.
        self.state.turn = Turn::Playing { player, since, drew: true };
        Self::tell(Event::Drew { player }, ctx);
        Ok(())
    }

    pub(super) fn pass(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), Refused> {
        match self.may_draw(player) {
            Ok(_) => return Err(Refused::DrawFirst),
            Err(Refused::DrewAlready) => {}
            Err(Refused::HandFull | Refused::NothingToDraw) => self.idle += 1,
            Err(other) => return Err(other),
        }
        Self::tell(Event::Passed { player }, ctx);
        if self.idle >= self.state.players.len() {
            // Nobody can draw, and nobody can or will play.
            self.deal_ends(ctx);
        } else {
            self.next(player, ctx);
        }
        Ok(())
    }

    /// Does what is to be done for somebody whose time is up.
    pub(super) fn time_up(&mut self, ctx: &mut Ctx<Self>) {
        match self.state.turn {
            Turn::Playing { player, .. } => {
                // One of the two is possible, and then the other is needed or is not.
                let _ = self.draw(player, ctx);
                let _ = self.pass(player, ctx);
            }
            Turn::Choosing { player, .. } => {
                let suit = self.state.top().unwrap_or_default().suit;
                let _ = self.choose(player, suit, ctx);
            }
            Turn::Waiting | Turn::Over { .. } => {}
        }
    }

    /// Cards of somebody who has left, or of the pile, go into the deck.
    pub(super) fn put_back(&mut self, cards: impl IntoIterator<Item = Card>, ctx: &mut Ctx<Self>) {
        self.deck.put_back(cards, ctx.rng());
        self.count_deck();
    }

    /// The player is to play, and the clock runs.
    pub(super) fn turn_of(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        self.new_turn(Turn::Playing { player, since: now(ctx), drew: false }, ctx);
    }

    fn next(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        let next = self.state.after(player).unwrap_or_default();
        self.turn_of(next, ctx);
    }

    fn new_turn(&mut self, turn: Turn, ctx: &mut Ctx<Self>) {
        ctx.cancel_timer(self.turns);
        self.turns += 1;
        self.state.turn = turn;
        ctx.timer(Duration::from_secs(self.state.turn_secs.into()), self.turns);
    }

    /// Since when the player is to play, and whether a card was drawn.
    fn playing(&self, player: PlayerId) -> Result<(u32, bool), Refused> {
        match self.state.turn {
            Turn::Waiting => Err(Refused::NotStarted),
            Turn::Over { .. } => Err(Refused::Over),
            turn if turn.player() != Some(player) => Err(Refused::NotYourTurn),
            Turn::Choosing { .. } => Err(Refused::ChooseFirst),
            Turn::Playing { since, drew, .. } => Ok((since, drew)),
        }
    }

    /// Since when the player is to play, if a card can be drawn now.
    fn may_draw(&self, player: PlayerId) -> Result<u32, Refused> {
        let full = |seat: &Seat| seat.hand.len() >= HAND_MAX;
        match self.playing(player)? {
            (_, true) => Err(Refused::DrewAlready),
            _ if self.state.seat(player).is_none_or(full) => Err(Refused::HandFull),
            _ if !self.state.can_draw() => Err(Refused::NothingToDraw),
            (since, false) => Ok(since),
        }
    }

    /// Whoever holds the least gets what the others hold more.
    fn deal_ends(&mut self, ctx: &mut Ctx<Self>) {
        let player = self.state.best(|seat| -i32::from(seat.points()));
        let all: u16 = self.state.players.values().map(Seat::points).sum();
        let own = player.and_then(|player| self.state.seat(player)).map_or(0, Seat::points);
        let points = player.map_or(0, |_| (all - own).saturating_sub(own));
        if let Some(won) = player.and_then(|player| self.state.points.get_mut(&player)) {
            *won = won.saturating_add(points);
        }
        Self::tell(Event::Won { player, points }, ctx);
        if self.state.deal < self.state.deals {
            self.first = self.state.after(self.first).unwrap_or_default();
            self.deal(ctx);
        } else {
            let winner = self.state.best(|seat| self.state.points_of(seat.player).into());
            self.end(winner, Reason::Played, ctx);
        }
    }

    fn count_deck(&mut self) {
        self.state.deck = self.deck.len() as u8;
    }
}

/// Milliseconds since the room began.
fn now(ctx: &Ctx<Cards>) -> u32 {
    u32::try_from(ctx.time().as_millis()).unwrap_or(u32::MAX)
}
