//! What a page is sent: the change from what it was sent last to now, as clients are sent theirs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Rows under their keys, in their order.
pub(super) type Rows = Vec<(String, Value)>;

/// What one page has been sent.
#[derive(Default)]
pub(super) struct Sent(BTreeMap<&'static str, Rows>);

impl Sent {
    /// What is to be sent of a table: `order`, all keys, if they are others or stand in another
    /// order; `rows`, those that are new or changed. `None`: nothing.
    pub(super) fn change(&mut self, table: &'static str, now: Rows) -> Option<Value> {
        let before = self.0.get(table).map_or(&[][..], Vec::as_slice);
        let known: BTreeMap<&str, &Value> =
            before.iter().map(|(key, row)| (key.as_str(), row)).collect();
        let is_new = |(key, row): &&(String, Value)| known.get(key.as_str()) != Some(&row);
        let changed: Map<String, Value> = now.iter().filter(is_new).cloned().collect();
        let keys = |rows: &[(String, Value)]| -> Vec<String> {
            rows.iter().map(|(key, _)| key.clone()).collect()
        };
        let order = (!self.0.contains_key(table) || keys(before) != keys(&now)).then(|| keys(&now));
        let is_same = changed.is_empty() && order.is_none();
        self.0.insert(table, now);
        match (is_same, order) {
            (true, _) => None,
            (false, Some(order)) => Some(json!({ "order": order, "rows": changed })),
            (false, None) => Some(json!({ "rows": changed })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&str, u32)]) -> Rows {
        of.iter().map(|(key, row)| ((*key).to_owned(), json!(row))).collect()
    }

    #[test]
    fn only_what_changed_is_sent() {
        let mut sent = Sent::default();
        let first = sent.change("rooms", rows(&[("a", 1), ("b", 2)])).unwrap();
        assert_eq!(first, json!({"order": ["a", "b"], "rows": {"a": 1, "b": 2}}));
        assert_eq!(sent.change("rooms", rows(&[("a", 1), ("b", 2)])), None);
        let second = sent.change("rooms", rows(&[("a", 1), ("b", 3)])).unwrap();
        assert_eq!(second, json!({"rows": {"b": 3}}));
        let third = sent.change("rooms", rows(&[("b", 3), ("a", 1)])).unwrap();
        assert_eq!(third, json!({"order": ["b", "a"], "rows": {}}));
        let fourth = sent.change("rooms", rows(&[])).unwrap();
        assert_eq!(fourth, json!({"order": [], "rows": {}}));
        assert!(sent.change("crashes", rows(&[])).is_some(), "so that it is known to be empty");
    }
}
