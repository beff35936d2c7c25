//! Something to measure: a look-up that yields once, as if its table had been fetched.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// A table shared by all look-ups.
pub type Table = Arc<HashMap<usize, String>>;

/// A table of that many entries.
pub fn table(entries: usize) -> Table {
    let entry = |key| (key, format!("value {key}"));
    Arc::new((0..entries).map(entry).collect())
}

static TABLE: LazyLock<Table> = LazyLock::new(|| table(1000));

/// Looks a key up in the table of the whole program.
pub async fn look_up(key: usize) -> Option<String> {
    look_up_in(TABLE.clone(), key).await
}

/// Looks a key up in a table.
pub async fn look_up_in(table: Table, key: usize) -> Option<String> {
    tokio::task::yield_now().await;
    table.get(&key).cloned()
}
