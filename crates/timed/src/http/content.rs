//! What the server serves, and how the client knows it again.

use serde::{Deserialize, Serialize};

/// Different bodies of a size: enough that one child's body in another's place is noticed, few enough to keep.
const VARIETY: usize = 8;

/// What is served at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text without meaning.
    Body,
    /// A JSON document: an array of [`Todo`].
    Json,
}

/// A thing that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Milliseconds that the server waits before it answers.
    pub late_ms: u64,
    /// Bytes of the body.
    pub bytes: usize,
    /// Which of the bodies of that size.
    pub variant: usize,
}

impl Resource {
    /// What child `index` fetches.
    pub fn of_child(kind: Kind, late_ms: u64, bytes: usize, index: usize) -> Self {
        Self {
            kind,
            late_ms,
            bytes,
            variant: index % VARIETY,
        }
    }

    /// Its path in a URL.
    pub fn path(&self) -> String {
        let kind = match self.kind {
            Kind::Body => "body",
            Kind::Json => "json",
        };
        format!("/{kind}/{}/{}/{}", self.late_ms, self.bytes, self.variant)
    }

    /// The resource of a path.
    pub fn of_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let ["", kind, late_ms, bytes, variant] = parts[..] else {
            return None;
        };
        Some(Self {
            kind: match kind {
                "body" => Kind::Body,
                "json" => Kind::Json,
                _ => return None,
            },
            late_ms: late_ms.parse().ok()?,
            bytes: bytes.parse().ok()?,
            variant: variant.parse().ok()?,
        })
    }

    /// The body that is served.
    pub fn body(&self) -> Vec<u8> {
        match self.kind {
            Kind::Body => text(self.bytes, self.variant),
            Kind::Json => json(self.bytes, self.variant),
        }
    }
}

fn text(bytes: usize, variant: usize) -> Vec<u8> {
    let mut text = vec![0; bytes];
    fastrand::Rng::with_seed(variant as u64).fill(&mut text);
    for byte in &mut text {
        *byte = b'a' + (*byte & 15);
    }
    text
}

/// A number that stands for a body: its length, its last bytes and eight bytes of every 4 KiB. Enough to notice a
/// body that is cut short or another's, at a cost that does not weigh inside a timed slice; bodies are compared
/// whole before anything is timed.
pub fn sample(body: &[u8]) -> u64 {
    let word = |at: usize| {
        let bytes = body[at..].first_chunk().copied();
        u64::from_le_bytes(bytes.unwrap_or_default())
    };
    let ends = word(body.len().saturating_sub(8)).wrapping_add(body.len() as u64);
    (0..body.len())
        .step_by(4096)
        .fold(ends, |sum, at| sum.rotate_left(7).wrapping_add(word(at)))
}

/// An entry of the JSON document: what the article's URLs return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    user_id: u64,
    id: u64,
    title: String,
    completed: bool,
}

/// An array of to-dos of exactly that many bytes, or the shortest where `bytes` are too few.
fn json(bytes: usize, variant: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(variant as u64);
    let mut todos = Vec::new();
    let length = |todos: &[Todo]| serde_json::to_vec(todos).map_or(0, |text| text.len());
    // Entries of about a hundred bytes, as the article's; the last title fills up.
    let whole = bytes.saturating_sub(200);
    let mut written = 2;
    while todos.is_empty() || written < whole {
        let todo = Todo {
            user_id: random.u64(1..=10),
            id: todos.len() as u64 + 1,
            title: (0..random.usize(15..=60))
                .map(|at| if at % 7 == 6 { ' ' } else { random.lowercase() })
                .collect(),
            completed: random.bool(),
        };
        written += length(std::slice::from_ref(&todo)) - 1;
        todos.push(todo);
    }
    let missing = bytes.saturating_sub(length(&todos));
    if let Some(last) = todos.last_mut() {
        last.title.extend(std::iter::repeat_n('x', missing));
    }
    serde_json::to_vec(&todos).unwrap_or_default()
}

/// A number that stands for a decoded document.
pub fn sample_todos(todos: &[Todo]) -> u64 {
    todos.iter().fold(todos.len() as u64, |sum, todo| {
        sum.rotate_left(1)
            .wrapping_add(todo.id)
            .wrapping_add(todo.user_id << 20)
            .wrapping_add((todo.title.len() as u64) << 32)
            .wrapping_add(u64::from(todo.completed) << 60)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_their_length_and_differ() {
        for kind in [Kind::Body, Kind::Json] {
            for bytes in [1 << 10, 64 << 10, 1 << 20] {
                let resource = |index| Resource::of_child(kind, 0, bytes, index);
                assert_eq!(resource(0).body().len(), bytes);
                assert_ne!(resource(0).body(), resource(1).body());
                assert_eq!(resource(1).body(), resource(1 + VARIETY).body());
                assert_eq!(Resource::of_path(&resource(3).path()), Some(resource(3)));
            }
        }
        assert_eq!(Resource::of_child(Kind::Body, 0, 64, 0).body().len(), 64);
        for wrong in ["/", "/body/0/64", "/body/0/64/1/2", "/body/0/-1/2", "/other/0/1/2"] {
            assert_eq!(Resource::of_path(wrong), None);
        }
    }

    #[test]
    fn a_sample_notices_what_is_cut_short_or_another() {
        let body = text(64 << 10, 1);
        assert_eq!(sample(&body), sample(&body.clone()));
        assert_ne!(sample(&body), sample(&text(64 << 10, 2)));
        for cut in [0, 1, 63, 4096, (64 << 10) - 1] {
            assert_ne!(sample(&body), sample(&body[..cut]));
        }
        let mut swapped = body.clone();
        swapped.rotate_left(4096);
        assert_ne!(sample(&body), sample(&swapped));
    }

    #[test]
    fn a_document_decodes_to_what_was_written() {
        let todos: Vec<Todo> = serde_json::from_slice(&json(64 << 10, 1)).unwrap();
        assert!(todos.len() > 400, "{}", todos.len());
        let others: Vec<Todo> = serde_json::from_slice(&json(64 << 10, 2)).unwrap();
        assert_ne!(sample_todos(&todos), sample_todos(&others));
        assert_ne!(sample_todos(&todos), sample_todos(&todos[1..]));
    }
}
