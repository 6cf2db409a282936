//! What is kept, merged, refused and counted on the way into a room.

use super::*;

const ANNA: PlayerId = PlayerId(1);

fn inbox() -> Inbox {
    let mut inbox = Inbox::new(InboxLimits { lead_ticks_max: 8, requests_per_player_max: 2 });
    join(&mut inbox, ANNA);
    assert_eq!(take(&mut inbox), [Command::join(ANNA)]);
    inbox
}

fn join(inbox: &mut Inbox, player: PlayerId) {
    inbox.join(player, Arc::new(Person::guest(player.0.into())));
}

fn take(inbox: &mut Inbox) -> Vec<Command> {
    let mut commands = Vec::new();
    inbox.take(true, &mut commands);
    commands
}

fn input(body: u8) -> Command {
    Command::Input { player: ANNA, body: vec![body] }
}

#[test]
fn an_input_waits_for_its_tick_and_the_newest_of_a_tick_counts() {
    let mut inbox = inbox(); // the next step is 2
    assert_eq!(inbox.input(ANNA, 3, &[1]), InputFate::Waits);
    assert_eq!(inbox.head(ANNA).slack, 1);
    assert_eq!(inbox.input(ANNA, 4, &[2]), InputFate::Waits);
    assert_eq!(inbox.input(ANNA, 4, &[3]), InputFate::Merged);
    assert_eq!(take(&mut inbox), []);
    assert_eq!(take(&mut inbox), [input(1)]);
    assert_eq!(inbox.head(ANNA).applied, 1);
    assert_eq!(take(&mut inbox), [input(3)]);
    assert_eq!(inbox.head(ANNA).applied, 3);
    assert!(inbox.is_empty());
}

#[test]
fn a_late_input_is_for_the_next_step_and_a_far_lead_is_cut() {
    let mut inbox = inbox();
    inbox.input(ANNA, 0, &[1]);
    assert_eq!(inbox.head(ANNA).slack, -2);
    assert_eq!(take(&mut inbox), [input(1)]);
    inbox.input(ANNA, 30_000, &[2]);
    assert_eq!(inbox.head(ANNA).slack, i8::MAX);
    let waited = (0..20).take_while(|_| take(&mut inbox).is_empty()).count();
    assert_eq!(waited, 8);
}

#[test]
fn a_request_too_many_is_refused_and_the_next_step_makes_room() {
    let mut inbox = inbox();
    assert_eq!(inbox.request(ANNA, 1, vec![]), Ok(()));
    assert_eq!(inbox.request(ANNA, 2, vec![]), Ok(()));
    assert_eq!(inbox.request(ANNA, 3, vec![]), Err(NotTaken::Busy));
    assert_eq!(take(&mut inbox).len(), 2);
    assert_eq!(inbox.request(ANNA, 3, vec![]), Ok(()));
    // What was taken before is not taken again.
    assert_eq!(inbox.request(ANNA, 2, vec![]), Err(NotTaken::Again { open: true }));
    assert_eq!(take(&mut inbox).len(), 1);
    // It has been answered, and of one that was left out nobody has to wait for the answer.
    assert_eq!(inbox.request(ANNA, 2, vec![]), Err(NotTaken::Again { open: false }));
    assert_eq!(inbox.request(ANNA, 9, vec![]), Ok(()));
    assert_eq!(inbox.request(ANNA, 8, vec![]), Err(NotTaken::Again { open: false }));
    assert_eq!(inbox.request(ANNA, 9, vec![]), Err(NotTaken::Again { open: true }));
}

#[test]
fn players_are_heard_in_whatever_order_they_come() {
    let mut inbox = inbox();
    for player in [9, 5, 7, 5] {
        join(&mut inbox, PlayerId(player));
    }
    for player in [1, 5, 7, 9] {
        assert_eq!(inbox.input(PlayerId(player), 3, &[0]), InputFate::Waits);
    }
}

#[test]
fn nobody_without_a_seat_is_heard() {
    let mut inbox = inbox();
    inbox.leave(ANNA);
    inbox.leave(ANNA);
    assert_eq!(inbox.input(ANNA, 3, &[1]), InputFate::NoSeat);
    assert_eq!(inbox.request(ANNA, 1, vec![]), Err(NotTaken::NoSeat));
    assert_eq!(take(&mut inbox), [Command::Leave { player: ANNA }]);
}

#[test]
fn players_who_come_in_another_order_than_their_ids_are_all_heard() {
    let limits = InboxLimits { lead_ticks_max: 8, requests_per_player_max: 2 };
    let mut inbox = Inbox::new(limits);
    for id in [2, 1, 4, 3] {
        join(&mut inbox, PlayerId(id));
    }
    for id in 1..=4 {
        assert_eq!(inbox.input(PlayerId(id), 1, &[0]), InputFate::Waits);
        assert_eq!(inbox.request(PlayerId(id), 1, vec![]), Ok(()));
    }
}

#[test]
fn at_most_one_input_per_tick_of_the_lead_waits() {
    let mut inbox = inbox();
    for tick in 0..40_000u32 {
        inbox.input(ANNA, tick as u16, &[0]);
    }
    assert!(inbox.players[0].inputs.len() <= 9);
}

#[test]
fn what_somebody_has_asked_who_is_moved_away_is_not_done() {
    let mut inbox = inbox();
    inbox.request(ANNA, 1, vec![1]).unwrap();
    assert_eq!(take(&mut inbox).len(), 1);
    // The first is in the step that is being made, the second waits.
    inbox.request(ANNA, 2, vec![2]).unwrap();
    inbox.input(ANNA, 2, &[9]);
    assert_eq!(inbox.depart(ANNA), Some(vec![1, 2]));
    assert_eq!(take(&mut inbox), [Command::Leave { player: ANNA }]);
    assert!(!inbox.has(ANNA));
    assert_eq!(inbox.request(ANNA, 3, vec![]), Err(NotTaken::NoSeat));
    assert_eq!(inbox.depart(ANNA), None);
    // Who leaves of their own accord first is gone, and not moved.
    let bert = PlayerId(2);
    join(&mut inbox, bert);
    inbox.leave(bert);
    assert_eq!(inbox.depart(bert), None);
}

/// Found by `chaos`: the process died with a leave that waited, so the seat came back, without what
/// it had asked for: that was done again.
#[test]
fn what_was_asked_is_known_until_the_leave_is_in_the_log() {
    let mut inbox = inbox();
    inbox.request(ANNA, 7, Vec::new()).unwrap();
    take(&mut inbox);
    assert_eq!(inbox.logged_of(ANNA), 7);
    inbox.leave(ANNA);
    assert_eq!((inbox.has(ANNA), inbox.logged_of(ANNA)), (false, 7));
    assert_eq!(take(&mut inbox), [Command::Leave { player: ANNA }]);
    assert_eq!(inbox.logged_of(ANNA), 0);
}
