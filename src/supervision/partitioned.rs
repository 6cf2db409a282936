//! [`Partitioned`]: several like supervisors instead of one (Elixir's `PartitionSupervisor`), so
//! that thousands of starts and ends do not queue in one mailbox.
//!
//! A child belongs to the partition that its `u64` key chooses. When a partition fails, its
//! children die with it and the others do not notice. What partitions cannot change: ractor takes
//! one process-wide lock, for well under a microsecond, at each supervised spawn and exit.

use std::sync::Arc;

use ractor::ActorCell;

use super::child::{ChildId, ChildSpec};
use super::handle::{ChildCounts, ChildInfo, SupervisorError, SupervisorRef};
use super::slot::Slot;
use super::spec::SupervisorSpec;
use super::strategy::Strategy;

/// The handle of a partitioned supervisor; cheap to clone, valid across restarts.
#[derive(Debug, Clone)]
pub struct Partitioned {
    partitions: Arc<[Slot<SupervisorRef>]>,
}

impl Partitioned {
    /// A one-for-one supervisor of `count` (at least 1) partitions, made by `partition` from their
    /// number, and its handle. Start the spec, or hang it somewhere as a child; until then the
    /// handle answers [`SupervisorError::Ended`].
    pub fn new(
        name: impl Into<Arc<str>>,
        count: usize,
        partition: impl Fn(usize) -> SupervisorSpec,
    ) -> (SupervisorSpec, Self) {
        let partitions: Arc<[_]> = (0..count.max(1)).map(|_| Slot::new()).collect();
        let mut spec = SupervisorSpec::new(name, Strategy::OneForOne);
        for (number, slot) in partitions.iter().enumerate() {
            spec = spec.child(partition(number).into_child_at(slot));
        }
        (spec, Self { partitions })
    }

    /// The partition of a key. Keys may be consecutive: they are mixed first.
    pub fn of(&self, key: u64) -> Result<SupervisorRef, SupervisorError> {
        self.partitions[place(key, self.partitions.len())].get().ok_or(SupervisorError::Ended)
    }

    /// The number of the partition of a key, among so many.
    #[must_use]
    pub fn number_of(key: u64, partitions: usize) -> usize {
        place(key, partitions.max(1))
    }

    /// Starts a child in the partition of `key`.
    pub async fn start_child(
        &self,
        key: u64,
        spec: ChildSpec,
    ) -> Result<ActorCell, SupervisorError> {
        self.of(key)?.start_child(spec).await
    }

    /// Terminates the child in the partition of `key`.
    pub async fn terminate_child(
        &self,
        key: u64,
        id: impl Into<ChildId>,
    ) -> Result<(), SupervisorError> {
        self.of(key)?.terminate_child(id).await
    }

    /// The children of all partitions, one partition after the other.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, SupervisorError> {
        let mut all = Vec::new();
        for partition in self.partitions.iter() {
            let partition = partition.get().ok_or(SupervisorError::Ended)?;
            all.extend(partition.which_children().await?);
        }
        Ok(all)
    }

    /// How many children the partitions have together.
    pub async fn count_children(&self) -> Result<ChildCounts, SupervisorError> {
        let mut sum = ChildCounts::default();
        for partition in self.partitions.iter() {
            let partition = partition.get().ok_or(SupervisorError::Ended)?;
            let counts = partition.count_children().await?;
            sum.specs += counts.specs;
            sum.active += counts.active;
            sum.supervisors += counts.supervisors;
            sum.workers += counts.workers;
        }
        Ok(sum)
    }
}

/// Multiplies by 2⁶⁴/φ, which spreads consecutive keys evenly, then scales to `0..count`.
fn place(key: u64, count: usize) -> usize {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((u128::from(mixed) * count as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn keys_spread_evenly_and_stay_in_range() {
        for count in [1, 2, 3, 7, 16] {
            let mut children = vec![0_usize; count];
            for key in 0..10_000 {
                children[place(key, count)] += 1;
            }
            let fair = 10_000 / count;
            for n in children {
                assert!(n.abs_diff(fair) <= fair / 10 + 1, "{n} of {fair}");
            }
        }
    }
}
