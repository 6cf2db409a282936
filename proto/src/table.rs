//! The container in which a game keeps its entities.

use serde::{Deserialize, Serialize};

/// Entities of one class in dense slots. A slot is used again after its entity is gone; the
/// generation tells the two apart, on both ends of the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    /// Empty slots, the next to be used last.
    free: Vec<u16>,
    /// How many entities there ever were.
    births: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot<T> {
    generation: u16,
    /// Which of all that ever were in the table, counted from 1: an order that entities somebody
    /// may not see do not change.
    birth: u32,
    entity: Option<T>,
}

/// An entity: its slot, and the slot's generation when it was inserted. An id whose entity is gone
/// finds nothing.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct EntityId {
    /// Place in the table.
    pub slot: u16,
    /// How often the slot was filled before.
    pub generation: u16,
}

/// Entities that a table holds at most.
pub const ENTITIES_MAX: usize = 1 << 16;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { slots: Vec::new(), free: Vec::new(), births: 0 }
    }
}

impl<T> Table<T> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an entity into the slot that became free last, or behind all others.
    ///
    /// # Panics
    /// When the table already holds [`ENTITIES_MAX`] entities.
    pub fn insert(&mut self, entity: T) -> EntityId {
        let slot = self.free.pop().unwrap_or_else(|| {
            assert!(
                self.slots.len() < ENTITIES_MAX,
                "a table holds at most {ENTITIES_MAX} entities"
            );
            self.slots.push(Slot { generation: u16::MAX, birth: 0, entity: None });
            (self.slots.len() - 1) as u16
        });
        let place = &mut self.slots[usize::from(slot)];
        self.births = self.births.wrapping_add(1).max(1);
        place.generation = place.generation.wrapping_add(1);
        place.birth = self.births;
        place.entity = Some(entity);
        EntityId { slot, generation: place.generation }
    }

    /// Takes an entity out.
    pub fn remove(&mut self, id: EntityId) -> Option<T> {
        let place = self.slots.get_mut(usize::from(id.slot))?;
        if place.generation != id.generation {
            return None;
        }
        let entity = place.entity.take()?;
        self.free.push(id.slot);
        Some(entity)
    }

    /// The entity, if it is still there.
    #[must_use]
    pub fn get(&self, id: EntityId) -> Option<&T> {
        let place = self.slots.get(usize::from(id.slot))?;
        place.entity.as_ref().filter(|_| place.generation == id.generation)
    }

    /// The entity, if it is still there.
    pub fn get_mut(&mut self, id: EntityId) -> Option<&mut T> {
        let place = self.slots.get_mut(usize::from(id.slot))?;
        place.entity.as_mut().filter(|_| place.generation == id.generation)
    }

    /// All entities by slot.
    pub fn iter(&self) -> impl Iterator<Item = (EntityId, &T)> {
        self.born().map(|(id, _, entity)| (id, entity))
    }

    /// All entities by slot.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (EntityId, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(slot, place)| {
            let id = EntityId { slot: slot as u16, generation: place.generation };
            Some((id, place.entity.as_mut()?))
        })
    }

    /// All entities by slot, without their ids.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|place| place.entity.as_ref())
    }

    /// All entities by slot, without their ids.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|place| place.entity.as_mut())
    }

    /// Removes the entities for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        for (slot, place) in self.slots.iter_mut().enumerate() {
            if place.entity.as_mut().is_some_and(|entity| !keep(entity)) {
                place.entity = None;
                self.free.push(slot as u16);
            }
        }
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All entities by slot, with their births.
    pub(crate) fn born(&self) -> impl Iterator<Item = (EntityId, u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(slot, place)| {
            let id = EntityId { slot: slot as u16, generation: place.generation };
            Some((id, place.birth, place.entity.as_ref()?))
        })
    }

    /// A table as a client sees it, from its occupied slots in ascending order.
    pub(crate) fn of_slots(occupied: impl Iterator<Item = (EntityId, T)>) -> Self {
        let mut table = Table::new();
        for (id, entity) in occupied {
            while table.slots.len() < usize::from(id.slot) {
                table.free.push(table.slots.len() as u16);
                table.slots.push(Slot { generation: u16::MAX, birth: 0, entity: None });
            }
            table.slots.push(Slot { generation: id.generation, birth: 0, entity: Some(entity) });
        }
        table
    }
}

/// As [`Table::insert`] for each, one after the other.
impl<T> Extend<T> for Table<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entities: I) {
        for entity in entities {
            self.insert(entity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_and_the_old_id_finds_nothing() {
        let mut table = Table::new();
        let first = table.insert("first");
        let second = table.insert("second");
        assert_eq!(table.remove(first), Some("first"));
        assert_eq!(table.remove(first), None);
        let third = table.insert("third");
        assert_eq!(third.slot, first.slot);
        assert_eq!(table.get(first), None);
        assert_eq!(table.get(third), Some(&"third"));
        table.extend(["fourth", "fifth"]);
        assert_eq!(table.len(), 4);
        table.retain(|entity| *entity == "second");
        assert_eq!(table.iter().collect::<Vec<_>>(), vec![(second, &"second")]);
        assert_eq!(table.len(), 1);
    }
}
