//! What bots do that do not see the state.
//!
//! Taking a frame apart and comparing its hash costs this program more than it costs the server to
//! send it. With `--decode` only some bots do; the others count the frame by its head, which has all
//! that a server needs to be told (inputs applied, events), and say what a bot said last that sees
//! something. So the server gets inputs of the same form, as often, and of much the same chance.

use std::sync::{Mutex, PoisonError};

use greenroom::bot::Act;

/// Acts that are kept to be said again: enough that bots do not all say the same.
const KEPT: usize = 64;

/// The newest acts of bots that see the state.
pub(super) struct Acts {
    /// `None` where all bots see it.
    kept: Option<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    /// Of each time that a bot acted: its inputs. Requests are about what only it sees.
    acts: Vec<Vec<Act>>,
    next: usize,
}

impl Acts {
    pub(super) fn new(all_see: bool) -> Self {
        Acts { kept: (!all_see).then(Mutex::default) }
    }

    /// A bot that sees the state did this.
    pub(super) fn seen(&self, acts: Vec<Act>) -> Vec<Act> {
        if let Some(kept) = &self.kept {
            let inputs = acts.iter().filter(|act| matches!(act, Act::Input(_))).cloned().collect();
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let place = kept.next % KEPT;
            kept.next = kept.next.wrapping_add(1);
            match kept.acts.get_mut(place) {
                Some(old) => *old = inputs,
                None => kept.acts.push(inputs),
            }
        }
        acts
    }

    /// What a bot does that sees nothing; nothing at all before another has done something.
    pub(super) fn unseen(&self, bot: u32) -> Vec<Act> {
        let Some(kept) = &self.kept else { return Vec::new() };
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.acts.len() {
            0 => Vec::new(),
            acts => kept.acts[(kept.next.wrapping_add(bot as usize)) % acts].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_nothing_repeats_the_newest_inputs_and_no_requests() {
        let acts = Acts::new(false);
        assert_eq!(acts.unseen(3), []);
        for n in 0..200 {
            let did = vec![Act::Input(vec![n]), Act::Request(vec![n])];
            assert_eq!(acts.seen(did.clone()), did);
        }
        let said: Vec<_> = (0..KEPT as u32).flat_map(|bot| acts.unseen(bot)).collect();
        assert_eq!(said.len(), KEPT);
        assert!(said.iter().all(|act| matches!(act, Act::Input(body) if body[0] >= 136)));
        // Where all see, a bot without a state waits for one.
        let all = Acts::new(true);
        all.seen(vec![Act::Input(vec![1])]);
        assert_eq!(all.unseen(0), []);
    }
}
