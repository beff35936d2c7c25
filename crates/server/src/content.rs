//! What is fetched and what is answered: the backend's documents are those of the suite's mock server, an answer is made of
//! one part for each.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use timed::http::content::{Kind, Resource};

/// An entry of a backend's document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    user_id: u64,
    title: String,
    completed: bool,
}

/// What a child makes of its document.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which child's.
    pub child: usize,
    todos: usize,
    completed: usize,
    busiest_user: u64,
    longest_title: usize,
}

impl Part {
    /// Of a decoded document.
    pub fn of(child: usize, todos: &[Todo]) -> Self {
        let mut per_user: HashMap<u64, usize> = HashMap::new();
        for todo in todos {
            *per_user.entry(todo.user_id).or_default() += 1;
        }
        // The least user where several have as many: an answer must not depend on the order of a map.
        let busiest = per_user
            .into_iter()
            .max_by_key(|(user, todos)| (*todos, std::cmp::Reverse(*user)));
        Self {
            child,
            todos: todos.len(),
            completed: todos.iter().filter(|todo| todo.completed).count(),
            busiest_user: busiest.map_or(0, |(user, _)| user),
            longest_title: todos.iter().map(|todo| todo.title.len()).max().unwrap_or(0),
        }
    }
}

/// The body of an answer.
pub fn answer(mut parts: Vec<Part>) -> Vec<u8> {
    parts.sort_unstable_by_key(|part| part.child);
    serde_json::to_vec(&parts).expect("parts are plain data")
}

/// The document that child `child` fetches.
pub fn document(bytes: usize, child: usize) -> Vec<u8> {
    Resource::of_child(Kind::Json, 0, bytes, child).body()
}

/// The body of the answer to every request with so many children and documents of so many bytes: made without any server.
pub fn expected(tasks: usize, bytes: usize) -> Vec<u8> {
    let part = |child| {
        let todos: Vec<Todo> = serde_json::from_slice(&document(bytes, child)).expect("documents are to-dos");
        Part::of(child, &todos)
    };
    answer((0..tasks).map(part).collect())
}
