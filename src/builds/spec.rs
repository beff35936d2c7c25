//! What a build is made of, as the command line says it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A build: this project as it is, or with something else in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// As it was given.
    pub text: String,
    /// A revision of this project in place of the work tree.
    pub revision: Option<String>,
    /// Another tokio.
    pub tokio: Option<Tokio>,
    /// Flags for rustc, beside those of the environment.
    pub flags: Vec<String>,
    /// The global allocator of what is measured: `system`, or a feature of `crates/programs`.
    pub allocator: Option<&'static str>,
}

/// Where tokio comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokio {
    /// A release.
    Version(semver::Version),
    /// The sources in a folder.
    Path(PathBuf),
    /// A revision of a local clone.
    Git {
        /// The clone.
        folder: PathBuf,
        /// Any name that git knows a revision by.
        revision: String,
    },
}

/// The allocator that a program has without asking for one: the system's.
pub(super) const SYSTEM: &str = "system";

/// The allocators that there are; those that are not the system's are features of `crates/programs`.
const ALLOCATORS: [&str; 3] = [SYSTEM, "mimalloc", "jemalloc"];

/// A text that is no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {problem}; a build is {WANTED}, or several of them with + between")]
pub struct SpecError {
    text: String,
    problem: String,
}

/// What is allowed.
pub const WANTED: &str = "tokio=VERSION, tokio=path:DIR, tokio=git:DIR@REVISION, rev:REVISION, flags:FLAGS, \
                          allocator:mimalloc|jemalloc|system, or same";

/// How a part of a build can begin.
const BEGINNINGS: [&str; 4] = ["tokio=", "rev:", "flags:", "allocator:"];

/// Whether a text is meant as a build, and not as a filter.
pub fn looks_like_one(text: &str) -> bool {
    text == "same" || text.starts_with("same+") || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// The parts between those `+` that a part can follow: flags may have a `+` of their own (`-Ctarget-feature=+avx2`).
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices('+') {
        let rest = &text[at + 1..];
        if looks_like_one(rest) {
            parts.push(&text[from..at]);
            from = at + 1;
        }
    }
    parts.push(&text[from..]);
    parts
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wrong = |problem: String| SpecError {
            text: text.to_owned(),
            problem,
        };
        let mut spec = Spec {
            text: text.to_owned(),
            revision: None,
            tokio: None,
            flags: Vec::new(),
            allocator: None,
        };
        for part in parts(text) {
            let twice = || wrong(format!("`{part}` says a second time what was said before"));
            if part == "same" {
                continue;
            }
            let Some((beginning, value)) = BEGINNINGS
                .iter()
                .find_map(|beginning| Some((*beginning, part.strip_prefix(beginning)?)))
            else {
                return Err(wrong(format!("`{part}` is no part of a build")));
            };
            if value.trim().is_empty() {
                return Err(wrong(format!("nothing follows `{beginning}`")));
            }
            match beginning {
                "tokio=" if spec.tokio.is_none() => spec.tokio = Some(tokio(value).map_err(wrong)?),
                "rev:" if spec.revision.is_none() => spec.revision = Some(value.to_owned()),
                "allocator:" if spec.allocator.is_none() => {
                    let known = ALLOCATORS.into_iter().find(|name| *name == value);
                    spec.allocator = Some(known.ok_or_else(|| wrong(format!("no allocator `{value}`")))?);
                }
                "flags:" => spec.flags.extend(value.split_whitespace().map(str::to_owned)),
                _ => return Err(twice()),
            }
        }
        Ok(spec)
    }
}

fn tokio(value: &str) -> Result<Tokio, String> {
    if let Some(folder) = value.strip_prefix("path:") {
        return Ok(Tokio::Path(folder.into()));
    }
    if let Some(clone) = value.strip_prefix("git:") {
        let Some((folder, revision)) = clone
            .rsplit_once('@')
            .filter(|(folder, revision)| !folder.is_empty() && !revision.is_empty())
        else {
            return Err(format!("`git:{clone}` is not git:DIR@REVISION"));
        };
        return Ok(Tokio::Git {
            folder: folder.into(),
            revision: revision.to_owned(),
        });
    }
    let version = semver::Version::parse(value);
    version
        .map(Tokio::Version)
        .map_err(|error| format!("`{value}` is no version of tokio, as 1.50.0 is ({error})"))
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Spec {
    /// A name for files and folders: short, and another one for another build.
    pub fn file_name(&self) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '-'
            }
        };
        let name: String = self.text.chars().map(plain).take(40).collect();
        if name == self.text
            || self
                .text
                .strip_prefix("tokio=")
                .is_some_and(|version| name.ends_with(version))
        {
            return name;
        }
        format!(
            "{name}-{:08x}",
            twox_hash::XxHash3_64::oneshot(self.text.as_bytes()) as u32
        )
    }

    /// The first tokio that has what the flavor `local` needs.
    pub const FIRST_WITH_LOCAL: semver::Version = semver::Version::new(1, 51, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn parts_may_stand_together() {
        let all = spec("tokio=1.50.0+flags:-Ctarget-feature=+avx2 -Copt-level=2+allocator:mimalloc+rev:HEAD~1");
        assert_eq!(all.tokio, Some(Tokio::Version(semver::Version::new(1, 50, 0))));
        assert_eq!(all.flags, ["-Ctarget-feature=+avx2", "-Copt-level=2"]);
        assert_eq!(all.allocator, Some("mimalloc"));
        assert_eq!(all.revision.as_deref(), Some("HEAD~1"));
        let same = spec("same");
        assert!(same.tokio.is_none() && same.flags.is_empty() && same.revision.is_none());
        assert_eq!(spec("same+allocator:system").allocator, Some(SYSTEM));
    }

    #[test]
    fn a_clone_may_have_an_at_in_its_path() {
        let git = spec("tokio=git:clones/me@work/tokio@v1.50").tokio;
        let expected = Tokio::Git {
            folder: "clones/me@work/tokio".into(),
            revision: "v1.50".into(),
        };
        assert_eq!(git, Some(expected));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        for (text, problem) in [
            ("", "no part of a build"),
            ("tokio=", "nothing follows `tokio=`"),
            ("tokio=latest", "no version of tokio"),
            ("tokio=1.50", "no version of tokio"),
            ("tokio=git:/there", "not git:DIR@REVISION"),
            ("allocator:fast", "no allocator `fast`"),
            ("tokio=1.50.0+tokio=1.51.0", "a second time"),
            ("same+other", "no part of a build"),
            ("tokyo=1.50.0", "no part of a build"),
        ] {
            let error = text.parse::<Spec>().expect_err(text).to_string();
            assert!(error.contains(problem) && error.contains(WANTED), "{text}: {error}");
        }
    }

    #[test]
    fn different_builds_have_different_file_names() {
        let names = [
            "same",
            "tokio=1.50.0",
            "tokio=1.50.1",
            "tokio=path:/a/b",
            "tokio=path:/a-b",
            "tokio=path-/a-b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q",
        ]
        .map(|text| {
            Spec {
                text: text.to_owned(),
                ..spec("same")
            }
            .file_name()
        });
        let mut unique = names.to_vec();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{names:?}");
        assert_eq!(names[1], "tokio-1.50.0");
        assert!(names.iter().all(|name| name.len() < 60 && !name.contains('/')));
    }
}
