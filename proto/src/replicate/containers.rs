//! What has texts or rows of its own: entities, texts, lists, maps, grids.

use super::{Describe, Publish, Recover, Replicate, Sync, Takes};
use crate::bounded::{Blob, List, Text};
use crate::grid::Grid;
use crate::map::Map;
use crate::rows::TableRows;
use crate::schema::RowsKind;
use crate::seen::Seen;
use crate::table::Table;

impl<T: Replicate> Replicate for Table<T> {
    const LANES: usize = 0;
    const TABLES: usize = 1 + T::TABLES;
    const TAKES: Takes = T::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        let name = out.owned_path(name);
        let describe = |out: &mut Describe| T::describe("", &sync.in_row(), out);
        out.table(&name, RowsKind::Entities, false, describe);
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.table(T::TABLES, |out, table| {
            for (id, birth, entity) in self.born() {
                let name = (id.generation, birth);
                out.named_row(table, id.slot.into(), name, Seen::All, |out| {
                    entity.publish(sync, out);
                });
            }
        });
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        from.table(T::TABLES, |from, table| {
            Table::of_slots(from.entities(table).filter_map(|(slot, generation)| {
                let entity = from.row(table, slot, |from| T::recover(sync, from))?;
                Some((TableRows::id(slot, generation), entity))
            }))
        })
    }
}

impl<const MAX: usize> Replicate for Text<MAX> {
    const LANES: usize = 0;
    const TEXTS: usize = 1;

    fn describe(name: &str, _: &Sync, out: &mut Describe) {
        out.text(name, MAX, true);
    }

    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        out.text(self.as_bytes());
    }

    fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
        Text::cut(&String::from_utf8_lossy(from.text()))
    }
}

impl<const MAX: usize> Replicate for Blob<MAX> {
    const LANES: usize = 0;
    const TEXTS: usize = 1;

    fn describe(name: &str, _: &Sync, out: &mut Describe) {
        out.text(name, MAX, false);
    }

    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        out.text(self);
    }

    fn recover(_: &Sync, from: &mut Recover<'_>) -> Self {
        Blob::cut(from.text())
    }
}

/// Value number `i` is in slot `i` of those that the owner has.
impl<T: Replicate, const MAX: usize> Replicate for List<T, MAX> {
    const LANES: usize = 0;
    const TABLES: usize = 1 + T::TABLES;
    const TAKES: Takes = T::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        out.owned(name, MAX, |out| T::describe("", &sync.in_row(), out));
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.table(T::TABLES, |out, table| {
            let first = out.slot() * MAX;
            for (place, value) in self.iter().enumerate() {
                out.row(table, first + place, Seen::All, |out| value.publish(sync, out));
            }
        });
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        from.table(T::TABLES, |from, table| {
            let values = from.owned(table, MAX, |from| T::recover(sync, from));
            List::first(values.map(|(_, value)| value))
        })
    }
}

impl<K: Replicate + Ord, V: Replicate, const MAX: usize> Replicate for Map<K, V, MAX> {
    const LANES: usize = 0;
    const TABLES: usize = {
        assert!(K::TABLES == 0, "a key of a Map cannot hold a List, Map, Grid or Table");
        1 + V::TABLES
    };
    const TAKES: Takes = V::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        out.owned(name, MAX, |out| {
            out.about("value");
            K::describe("key", &Sync::NONE, out);
            V::describe("value", &sync.in_row(), out);
        });
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.table(V::TABLES, |out, table| {
            let first = out.slot() * MAX;
            for (slot, key, value) in self.by_slot() {
                out.row(table, first + slot, Seen::All, |out| {
                    key.publish(&Sync::NONE, out);
                    value.publish(sync, out);
                });
            }
        });
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        from.table(V::TABLES, |from, table| {
            Map::of_slots(from.owned(table, MAX, |from| {
                let key = K::recover(&Sync::NONE, from);
                (key, V::recover(sync, from))
            }))
        })
    }
}

impl<T: Replicate, const W: usize, const H: usize> Replicate for Grid<T, W, H> {
    const LANES: usize = 0;
    const TABLES: usize = {
        assert!(T::TABLES == 0, "a cell of a Grid cannot hold a List, Map, Grid or Table");
        assert!(T::LANES + T::TEXTS > 0, "a cell of a Grid holds something");
        1
    };
    const TAKES: Takes = T::TAKES;

    fn describe(name: &str, sync: &Sync, out: &mut Describe) {
        out.cells(name, W * H, |out| T::describe("", &sync.in_row(), out));
    }

    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        out.table(0, |out, table| {
            let first = out.slot() * W * H;
            for (place, value) in self.cells().iter().enumerate() {
                out.row(table, first + place, Seen::All, |out| value.publish(sync, out));
            }
        });
    }

    fn recover(sync: &Sync, from: &mut Recover<'_>) -> Self {
        from.table(0, |from, table| {
            let mut cells = Vec::with_capacity(W * H);
            for (place, cell) in from.owned(table, W * H, |from| T::recover(sync, from)) {
                cells.resize_with(place, || from.absent(table, |from| T::recover(sync, from)));
                cells.push(cell);
            }
            cells.resize_with(W * H, || from.absent(table, |from| T::recover(sync, from)));
            Grid::of_cells(cells)
        })
    }
}
