//! A set of slots.

/// Some of the slots of a table, a bit for each.
#[derive(Clone, Debug, Default)]
pub struct Slots(Vec<u64>);

impl Slots {
    /// Slots in a word.
    pub const WORD: usize = u64::BITS as usize;

    /// Makes room for `slots` slots; the new ones are not in it.
    pub fn grow(&mut self, slots: usize) {
        self.0.resize(self.0.len().max(slots.div_ceil(Slots::WORD)), 0);
    }

    /// Whether `slot` is in it.
    #[inline(always)]
    #[must_use]
    pub fn has(&self, slot: usize) -> bool {
        self.0.get(slot / Slots::WORD).is_some_and(|word| word >> (slot % Slots::WORD) & 1 != 0)
    }

    /// Puts in or takes out `slot`, which there is room for.
    #[inline(always)]
    pub fn set(&mut self, slot: usize, is_in: bool) {
        let word = &mut self.0[slot / Slots::WORD];
        *word = *word & !(1 << (slot % Slots::WORD)) | u64::from(is_in) << (slot % Slots::WORD);
    }

    /// Takes out all.
    pub fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Of how many words it consists.
    #[must_use]
    pub fn words(&self) -> usize {
        self.0.len()
    }

    /// A bit for each of the [`Slots::WORD`] slots from `word` times as many on.
    #[must_use]
    pub fn word(&self, word: usize) -> u64 {
        self.0.get(word).copied().unwrap_or(0)
    }
}
