//! The documents: that no figure in them is typed by hand, that their links lead somewhere, and that the README's first screen
//! answers what a reader asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use join_vs_spawn::attachments::RecordedRun;
use join_vs_spawn::findings::crossover::crossover;
use join_vs_spawn::record::Measurement;
use join_vs_spawn::stats::Verdict;
use join_vs_spawn::strategy::join;
use regex::Regex;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document, by its path from the root.
fn documents() -> BTreeMap<String, String> {
    let mut paths = vec![root().join("results/README.md")];
    for folder in [root(), root().join("docs")] {
        let files = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.path());
        paths.extend(files.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    let name = |path: &PathBuf| {
        let below = path.strip_prefix(root()).expect("below the root");
        below.to_string_lossy().replace('\\', "/")
    };
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// What is set, promised or named, and not measured: these stand in the source.
const ALLOWED: &[(&str, &[&str], &str)] = &[
    (
        "docs/METHODOLOGY.md",
        &["5 ms", "60 ms", "100 ms", "40 ms", "20 ms", "64 ms", "15 s", "8 s"],
        "how long a block settles, a core warms, a run is spread, an observer waits",
    ),
    (
        "docs/METHODOLOGY.md",
        &["1%", "±1%", "2%", "3%", "±0.5%", "5%", "15%", "85%", "95%", "99.9%"],
        "levels and thresholds",
    ),
    (
        "docs/METHODOLOGY.md",
        &["2 ms", "1 ms", "20 ms"],
        "delays of the mock server",
    ),
    (
        "docs/METHODOLOGY.md",
        &["50 ms", "0.45 s"],
        "the loads and samples of the self-check",
    ),
    ("docs/METHODOLOGY.md", &["16,384 B"], "tokio's constant"),
    ("docs/COUNTS.md", &["2 MiB", "24 B"], "a stack, and a child"),
    (
        "docs/MACHINES.md",
        &["95%", "94%", "98%", "85%", "1%"],
        "levels, and the coverage that tests of stated truths demand",
    ),
    (
        "docs/SERVER.md",
        &["500 MB", "4 s", "5 ms", "10 ms", "100 ms", "1%"],
        "the delays of the backend and how long a handler blocks, shares, and why wiremock is not it",
    ),
    ("docs/RESULTS.md", &["1%"], "the threshold of a verdict"),
    ("results/README.md", &["95%"], "the level of a band"),
];

/// Whose tables are what the commands beside them printed, of runs that are not all kept.
const PRINTED: &[&str] = &["docs/ADVISE.md"];

/// Sizes of children that cases are named by.
const PAYLOADS: &[&str] = &["0B", "64B", "1KiB", "4KiB", "16KiB", "64KiB", "1MiB"];

/// The figures with units that stand in the author's own words: outside what is spliced, quoted (`>`) with its command, or named in
/// a code span. With their lines.
fn typed_figures(text: &str) -> Vec<(usize, String)> {
    let figure = Regex::new(
        r"(?:^|[^\w.@-])([±−+]?\d[\d.,]*(?:\s?(?:ns|µs|ms|s|min|×|%|KiB|MiB|kB|MB|GB|B)|\s(?:seconds?|minutes?|hours?|times)))(?:\W|$)",
    )
    .expect("an expression");
    let span = Regex::new("`[^`]*`").expect("an expression");
    let mut found = Vec::new();
    let mut spliced = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("<!-- BEGIN ") {
            spliced = true;
        } else if line.starts_with("<!-- END ") {
            spliced = false;
        } else if !spliced && !line.starts_with('>') {
            let prose = span.replace_all(line, "``");
            found.extend(
                figure
                    .captures_iter(&prose)
                    .map(|found| (number + 1, found[1].to_owned())),
            );
        }
    }
    found
}

#[test]
fn no_figure_is_typed_by_hand() {
    let mut typed = Vec::new();
    let mut used = BTreeSet::new();
    let documents = documents().into_iter();
    for (name, text) in documents.filter(|(name, _)| !PRINTED.contains(&name.as_str())) {
        for (line, figure) in typed_figures(&text) {
            let close = figure.replace(' ', "");
            let allowed = ALLOWED
                .iter()
                .position(|(document, figures, _)| *document == name && figures.contains(&figure.as_str()));
            used.extend(allowed);
            if allowed.is_none() && !PAYLOADS.contains(&close.as_str()) {
                typed.push(format!("{name}:{line}: {figure}"));
            }
        }
    }
    assert!(typed.is_empty(), "splice or quote these:\n{}", typed.join("\n"));
    assert_eq!(used.len(), ALLOWED.len(), "something is allowed that is not there");
}

#[test]
fn typed_figures_are_found() {
    let text = "It takes 5.35× as long, or 12 ms.\n\n> 3 ms\n>\n> `command`\n\n<!-- BEGIN x -->\n7%\n<!-- END x -->\n\
                `4 µs`, 1.54.1, N = 8, ±3% and about 2 minutes.\n    cargo bench   # 9 s\n";
    let figures: Vec<String> = typed_figures(text).into_iter().map(|(_, figure)| figure).collect();
    assert_eq!(figures, ["5.35×", "12 ms", "±3%", "2 minutes", "9 s"]);
}

fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| join_vs_spawn::report::html::site::anchor(line.trim_start_matches('#')))
        .collect()
}

/// The relative links of a document that lead nowhere.
fn dead_links(name: &str, text: &str, documents: &BTreeMap<String, String>) -> Vec<String> {
    let link = Regex::new(r#"\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)""#).expect("an expression");
    let mut dead = Vec::new();
    for found in link.captures_iter(text) {
        let target = found.get(1).or(found.get(2)).expect("one of them").as_str();
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        let folder = Path::new(name).parent().unwrap_or(Path::new(""));
        let below = if path.is_empty() {
            PathBuf::from(name)
        } else {
            folder.join(path)
        };
        let Ok(whole) = root().join(&below).canonicalize() else {
            dead.push(format!("{name}: {target}: no such file"));
            continue;
        };
        let of = |(name, _): &(&String, &String)| root().join(name).canonicalize().is_ok_and(|path| path == whole);
        let text = documents.iter().find(of).map(|(_, text)| text);
        if !fragment.is_empty() && !text.is_some_and(|text| anchors(text).iter().any(|anchor| anchor == fragment)) {
            dead.push(format!("{name}: {target}: no such heading"));
        }
    }
    dead
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let dead: Vec<String> = documents
        .iter()
        .flat_map(|(name, text)| dead_links(name, text, &documents))
        .collect();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    let wrong =
        "[a](nowhere.md) [b](README.md#no-heading) <img src=\"docs/none.svg\"> [c](https://example.com) [d](docs)";
    assert_eq!(dead_links("README.md", wrong, &documents).len(), 3);
}

#[test]
fn the_readme_is_short_and_its_tables_narrow() {
    let text = read(&root().join("README.md"));
    assert!(text.lines().count() <= 150, "{} lines", text.lines().count());
    for line in text.lines().filter(|line| line.starts_with('|')) {
        assert!(line.chars().count() <= 160, "{line}");
    }
}

/// The run that documents speak of.
fn recorded() -> RecordedRun {
    let name = read(&root().join("docs/RUN"));
    RecordedRun::load(&root().join("results"), name.trim()).expect("the run")
}

fn spawn<'a>(run: &'a RecordedRun, case: &str) -> &'a Measurement {
    let case = case.replace("multi_thread_K", &format!("multi_thread_{}", most_workers(run)));
    let found = run
        .measurements()
        .find(|m| m.strategy == "spawn" && m.reference == "join" && m.case.to_string() == case);
    found.unwrap_or_else(|| panic!("{case} was not measured"))
}

fn most_workers(run: &RecordedRun) -> usize {
    run.measurements().map(|m| m.case.flavor.workers()).max().expect("rows")
}

fn holds(run: &RecordedRun, statement: &str) -> bool {
    let tested = run.claims.iter().find(|tested| tested.statement == statement);
    tested.unwrap_or_else(|| panic!("`{statement}` was not tested")).verdict
        != join_vs_spawn::claims::Verdict::DoesNotHold
}

/// A reader's question, the sentence that answers it and what it must say for that, and what in the run bears it out.
struct Question {
    asks: &'static str,
    answer: &'static str,
    says: &'static [&'static str],
    borne_out: fn(&RecordedRun) -> bool,
}

const QUESTIONS: &[Question] = &[
    Question {
        asks: "3 HTTP calls",
        answer: "It does not matter when",
        says: &["3 HTTP calls", "Choose by what the two mean"],
        borne_out: |run| {
            let ratio = spawn(run, "http_delay/multi_thread_K/worker/64B/3")
                .ratio
                .expect("measured");
            ratio.low > 0.98 && ratio.high < 1.02
        },
    },
    Question {
        asks: "8 tiny children in a task",
        answer: "Use join! when",
        says: &["do next to nothing", "8 that yield once", "in a task"],
        borne_out: |run| spawn(run, "yield/current_thread/worker/0B/8").verdict == Some(Verdict::Slower),
    },
    Question {
        asks: "the same in main",
        answer: "Use join! when",
        says: &[
            "directly in main",
            "use join! there too",
            "move the fan-out into a task",
        ],
        borne_out: |run| {
            let [main, task] = ["block_on", "worker"].map(|site| {
                let m = spawn(run, &format!("yield/multi_thread_K/{site}/0B/8"));
                m.wall_ns.expect("measured").median
            });
            main > task && spawn(run, "yield/multi_thread_K/block_on/0B/8").verdict == Some(Verdict::Slower)
        },
    },
    Question {
        asks: "100 sockets on one thread",
        answer: "Use spawn when",
        says: &["wait on one thread", "sockets", "polls all of them on every wake"],
        borne_out: |run| {
            let (header, rows) = run
                .parts
                .iter()
                .find(|(header, _)| header.target == "wakeups")
                .expect("wakeups");
            let mut rows: Vec<&Measurement> = rows
                .iter()
                .filter(|m| m.strategy == "spawn" && m.case.to_string().starts_with("wake/current_thread/worker/"))
                .collect();
            rows.sort_by_key(|m| m.case.tasks);
            crossover(header, &rows).expect("a crossover").high < 100.0
        },
    },
    Question {
        asks: "8 × 1 ms of hashing on 4 cores",
        answer: "Use spawn when",
        says: &["children compute", "other cores are free", "8 that hash 1 MiB"],
        borne_out: |run| {
            // The more there is to compute, the less spawning costs beside it, and a millisecond is more than any of these.
            let [little, much] = ["16KiB", "1MiB"].map(|payload| {
                let m = spawn(run, &format!("compute/multi_thread_K/worker/{payload}/8"));
                m.ratio.expect("measured").median
            });
            much < little && holds(run, "Tasks run truly in parallel on Tokio's scheduler")
        },
    },
    Question {
        asks: "10,000 timers",
        answer: "Never",
        says: &["join! thousands", "10,000 timers want a JoinSet"],
        borne_out: |run| {
            let polls = |strategy: &str| {
                let mut rows = run.census.iter();
                let row = rows.find(|row| {
                    row.strategy == strategy && row.case.to_string() == "wake/current_thread/worker/0B/256"
                });
                row.expect("counted").child_polls
            };
            join::ARITIES.last().is_some_and(|&most| most < 10_000)
                && [polls("join"), polls("spawn")] == [256.0 * 259.0 / 2.0, 512.0]
        },
    },
    Question {
        asks: "inside a busy axum handler",
        answer: "Measure when",
        says: &["the runtime is busy", "axum handler under load"],
        // A server that answers at once gives no one verdict on all runtimes: nothing to go by.
        borne_out: |run| {
            let rows: Vec<_> = run
                .measurements()
                .filter(|m| m.strategy == "spawn" && m.case.workload == "http")
                .collect();
            let all = |verdict| rows.iter().all(|m| m.verdict == Some(verdict));
            !rows.is_empty() && !all(Verdict::Slower) && !all(Verdict::Faster)
        },
    },
    Question {
        asks: "a child that may panic",
        answer: "Use spawn when",
        says: &["a child may panic"],
        borne_out: |run| {
            holds(run, "If one task panics, others keep running") && holds(run, "If one task panics, all are aborted")
        },
    },
];

#[test]
fn the_first_screen_answers_what_a_reader_asks() {
    let run = recorded();
    let readme = read(&root().join("README.md")).replace('`', "");
    let (screen, _) = readme.split_once("\n## ").expect("a second heading");
    assert!(screen.contains("docs/charts/cost.svg") && screen.contains("docs/charts/pays.svg"));
    for question in QUESTIONS {
        let lead = format!("- **{}**", question.answer);
        let sentence = screen.lines().find(|line| line.starts_with(&lead));
        let sentence = sentence.unwrap_or_else(|| panic!("{}: no `{}`", question.asks, question.answer));
        for words in question.says {
            assert!(
                sentence.contains(words),
                "{}: `{words}` is not in: {sentence}",
                question.asks
            );
        }
        assert!(
            (question.borne_out)(&run),
            "{}: not borne out by the run {}",
            question.asks,
            run.name
        );
        assert!(sentence.contains("](docs/"), "no evidence: {sentence}");
    }
}

#[test]
fn the_page_opens_with_the_readmes_sentences() {
    let run = recorded();
    let page = join_vs_spawn::report::html::page(&run, &Default::default());
    let readme = read(&root().join("README.md")).replace('`', "");
    for sentence in join_vs_spawn::findings::answer::answer_of(&run) {
        assert!(
            readme.contains(&sentence.rest.replace('[', "\\[").replace(']', "\\]")),
            "{sentence:?}"
        );
        assert!(page.contains(&sentence.rest), "{sentence:?}");
    }
}
