use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::*;
use crate::rng::Rng;

fn seating(seats: u32, waiting_max: u32) -> Seating {
    Seating::new(SeatingLimits { seats, waiting_max })
}

#[test]
fn a_reserved_seat_is_for_its_secret_once_and_until_its_time() {
    let mut seats = seating(2, 0);
    seats.reserve(0, &[7, 8], 100).expect("two are free");
    assert_eq!(seats.take(0), Err(NoSeat::Full));
    assert_eq!(seats.redeem(50, 9), Err(NoSeat::NotReserved));
    assert_eq!(seats.redeem(50, 7).map(|(player, _)| player), Ok(PlayerId(1)));
    assert_eq!(seats.redeem(50, 7), Err(NoSeat::NotReserved));
    assert_eq!(seats.redeem(100, 8), Err(NoSeat::NotReserved));
    assert_eq!(seats.take(100), Ok(PlayerId(2)));
    assert_eq!(seats.reserve(100, &[1], 200), Err(NoSeat::Full));
}

#[test]
fn a_reserved_seat_that_nobody_sat_down_on_stays_reserved() {
    let mut seats = seating(1, 0);
    seats.reserve(0, &[7], 100).expect("one is free");
    let (_, reserved) = seats.redeem(10, 7).expect("it is reserved");
    seats.release(Some(reserved));
    assert_eq!(seats.take(20), Err(NoSeat::Full));
    assert!(seats.redeem(20, 7).is_ok());
}

#[test]
fn a_locked_room_takes_those_with_a_reservation_only() {
    let mut seats = seating(2, 1);
    seats.reserve(0, &[7], 100).expect("one is free");
    let ticket = seats.wait().expect("nobody waits");
    seats.lock(true);
    assert_eq!(
        (seats.take(0), seats.reserve(0, &[8], 9)),
        (Err(NoSeat::Locked), Err(NoSeat::Locked))
    );
    assert_eq!(seats.serve(0), None);
    assert!(seats.redeem(0, 7).is_ok());
    seats.lock(false);
    assert_eq!(seats.serve(0), Some((ticket, PlayerId(2))));
}

#[test]
fn who_waits_is_served_in_order_and_before_those_who_come_later() {
    let mut seats = seating(1, 2);
    assert_eq!(seats.take(0), Ok(PlayerId(1)));
    let (first, second) = (seats.wait().expect("room"), seats.wait().expect("room"));
    assert_eq!(seats.wait(), Err(NoSeat::WaitingFull));
    seats.release(None);
    assert_eq!(seats.take(0), Err(NoSeat::Full), "the seat is for the first who waits");
    assert!(seats.stop_waiting(first));
    assert_eq!(seats.serve(0), Some((second, PlayerId(2))));
    assert_eq!(seats.serve(0), None);
}

#[test]
fn a_room_that_somebody_may_still_come_to_is_not_shut() {
    let mut seats = seating(2, 1);
    seats.reserve(0, &[7], 100).expect("one is free");
    assert!(!seats.shut_if_empty(99));
    assert!(seats.shut_if_empty(100));
    assert_eq!((seats.take(100), seats.wait()), (Err(NoSeat::Shut), Err(NoSeat::Shut)));
}

/// What the seats of a room should be, in the plainest terms.
#[derive(Default)]
struct Model {
    here: BTreeSet<PlayerId>,
    /// Seats that were redeemed and that nobody has sat down on yet.
    reserved: BTreeMap<u64, u64>,
    queue: VecDeque<u64>,
    given: u32,
}

impl Model {
    fn free(&self, seats: u32) -> i64 {
        i64::from(seats) - self.here.len() as i64 - self.reserved.len() as i64
    }

    fn sits(&mut self, player: PlayerId) {
        self.given += 1;
        assert_eq!(player, PlayerId(self.given), "numbers are never given twice");
        assert!(self.here.insert(player));
    }
}

/// One random schedule in virtual time, against the model.
fn schedule(seed: u64) {
    let mut rng = Rng::new(seed);
    let seats = 1 + rng.below(6);
    let mut seating = seating(seats, rng.below(4));
    let mut model = Model::default();
    let (mut now, mut locked) = (0, false);
    for step in 0..60 {
        now += u64::from(rng.below(30));
        model.reserved.retain(|_, until| now < *until);
        let free = model.free(seats) - model.queue.len() as i64;
        match rng.below(9) {
            0 | 1 => match seating.take(now) {
                Ok(player) => {
                    assert!(free > 0 && !locked, "a seat that was not free");
                    model.sits(player);
                }
                Err(NoSeat::Locked) => assert!(locked),
                Err(why) => assert!(why == NoSeat::Full && free <= 0, "a seat was lost: {why:?}"),
            },
            2 => {
                let count = 1 + rng.below(3);
                let secrets: Vec<u64> =
                    (0..count).map(|n| u64::from(step * 8 + n) << 32 | seed).collect();
                let until = now + 1 + u64::from(rng.below(100));
                match seating.reserve(now, &secrets, until) {
                    Ok(()) => {
                        assert!(free >= i64::from(count) && !locked);
                        model.reserved.extend(secrets.iter().map(|secret| (*secret, until)));
                    }
                    Err(NoSeat::Locked) => assert!(locked),
                    Err(_) => assert!(free < i64::from(count), "seats were lost"),
                }
            }
            3 => {
                let secret = model.reserved.keys().nth(rng.below(4) as usize).copied();
                let answer = seating.redeem(now, secret.unwrap_or(1));
                match (secret, answer) {
                    (Some(secret), Ok((player, reserved))) => {
                        model.sits(player);
                        let until = model.reserved.remove(&secret);
                        assert_eq!(until, Some(reserved.until_ms));
                        // The client is gone before it sits down.
                        if rng.below(4) == 0 {
                            seating.release(Some(reserved));
                            model.here.remove(&player);
                            model.reserved.insert(secret, reserved.until_ms);
                        }
                    }
                    (None, answer) => assert_eq!(answer, Err(NoSeat::NotReserved)),
                    (Some(_), answer) => panic!("a reservation was lost: {answer:?}"),
                }
            }
            4 => {
                let secret = model.reserved.keys().next().copied();
                assert_eq!(seating.cancel(secret.unwrap_or(1)), secret.is_some());
                secret.map(|secret| model.reserved.remove(&secret));
            }
            5 => {
                let place = rng.below(8) as usize;
                if let Some(player) = model.here.iter().nth(place).copied() {
                    model.here.remove(&player);
                    seating.release(None);
                }
            }
            6 => match seating.wait() {
                Ok(ticket) => model.queue.push_back(ticket),
                Err(why) => assert_eq!(why, NoSeat::WaitingFull),
            },
            7 => {
                if let Some(ticket) = model.queue.get(rng.below(4) as usize).copied() {
                    assert!(seating.stop_waiting(ticket));
                    model.queue.retain(|other| *other != ticket);
                }
            }
            _ => {
                locked = rng.below(4) == 0;
                seating.lock(locked);
            }
        }
        while let Some((ticket, player)) = seating.serve(now) {
            assert!(!locked && model.free(seats) > 0, "a seat that was not free");
            assert_eq!(model.queue.pop_front(), Some(ticket), "out of turn");
            model.sits(player);
        }
        assert!(
            locked || model.free(seats) <= 0 || model.queue.is_empty(),
            "somebody waits for nothing"
        );
        assert_eq!(seating.taken() as usize, model.here.len());
        assert!(model.free(seats) >= 0, "more members than seats");
        assert_eq!(
            i64::from(seating.free()),
            (model.free(seats) - model.queue.len() as i64).max(0)
        );
        assert_eq!(seating.next_expiry(), model.reserved.values().min().copied());
    }
}

#[test]
fn under_any_schedule_no_seat_is_given_twice_and_none_is_lost() {
    for seed in 0..5_000 {
        schedule(seed);
    }
}

#[test]
fn those_who_come_together_get_seats_for_all_or_none() {
    let mut seats = seating(4, 1);
    assert_eq!(seats.take(0), Ok(PlayerId(1)));
    assert_eq!(seats.take_together(0, 4), Err(NoSeat::Full));
    assert_eq!(seats.taken(), 1);
    assert_eq!(seats.take_together(0, 2), Ok(vec![PlayerId(2), PlayerId(3)]));
    // The last is for whoever waits.
    let ticket = seats.wait().expect("nobody waits");
    assert_eq!(seats.take_together(0, 1), Err(NoSeat::Full));
    assert_eq!(seats.serve(0), Some((ticket, PlayerId(4))));
    seats.lock(true);
    assert_eq!(seats.take_together(0, 1), Err(NoSeat::Locked));
}
