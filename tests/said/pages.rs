//! The HTML pages, made from measurements with known truth, and tried in a browser where there is one.

use join_vs_spawn::case::Case;
use join_vs_spawn::compare::compare;
use join_vs_spawn::record::{Header, Measurement, Part};
use join_vs_spawn::report::html::{self, Links, comparison};
use join_vs_spawn::run_store::Run;

use crate::common::browser::{audit, browse, has_browser};
use crate::common::{header, measured, steady};

fn case(id: &str, join_ns: f64, ratio: f64) -> [Measurement; 2] {
    steady(id, join_ns, ratio, 0.02)
}

fn run() -> Vec<Measurement> {
    [
        case("yield/current_thread/worker/0B/1", 10.0, 1.5),
        case("yield/current_thread/worker/0B/8", 80.0, 4.0),
        case("yield/current_thread/worker/4KiB/8", 800.0, 0.5),
        case("wake/current_thread/worker/0B/8", 1000.0, 2.0),
        case("wake/current_thread/worker/0B/64", 9000.0, 0.5),
        case("http/multi_thread_2/block_on/64B/3", 1e6, 1.001),
    ]
    .concat()
}

fn of(measurements: Vec<Measurement>) -> Vec<Part> {
    vec![(header(), measurements)]
}

/// The page of a run that lies nowhere.
fn page(name: &str, parts: &[Part], links: &Links) -> String {
    let run = Run {
        name: name.to_owned(),
        parts: parts.to_vec(),
        ..Run::default()
    };
    html::page(&run.into(), links)
}

#[test]
fn what_others_wrote_is_text() {
    const MARKUP: &str = "</script><img src=x onerror=alert(1)>\"'&";
    let mut header = header();
    header.command = format!("command {MARKUP}");
    header.filter = Some(format!("filter {MARKUP}"));
    header.environment.cpu = Some(format!("cpu {MARKUP}"));
    let dead: Case = "yield/current_thread/worker/0B/2".parse().unwrap();
    let mut rows = run();
    let reason = format!("reason {MARKUP}");
    rows.push(Measurement::failed(&dead, "spawn", "join", &reason));
    let parts = [(header, rows)];
    let links = Links {
        criterion: Box::new(|_, _| Some(format!("x/{MARKUP}"))),
        ..Links::default()
    };
    let compared = compare([MARKUP, "b"], &parts, &parts, 0.05);
    for text in [
        page(MARKUP, &parts, &links),
        comparison([MARKUP, "b"], &parts, &parts, &compared),
    ] {
        assert!(!text.contains("<img"), "an element came in");
        assert_eq!(text.matches("</script>").count(), 1, "only the page's own");
        assert!(text.contains("command &lt;/script&gt;&lt;img"));
        assert!(text.contains("filter &lt;/script&gt;"));
        assert!(text.contains("cpu &lt;/script&gt;"));
    }
}

#[test]
fn every_measurement_is_a_row_and_nothing_is_fetched() {
    let mut rows = run();
    let dead: Case = "compute/current_thread/worker/1KiB/2".parse().unwrap();
    rows.push(Measurement::failed(&dead, "spawn", "join", "signal: 9"));
    rows.push(Measurement::invalid(&dead, "join", "join", "clock stood"));
    let parts = of(rows.clone());
    let text = page("test", &parts, &Links::default());
    assert_eq!(text.matches("<tr id=\"m-").count(), rows.len());
    for m in &rows {
        assert!(text.contains(&format!("<code>{}</code>", m.case)));
    }
    for reason in ["signal: 9", "clock stood", "1 measurement failed"] {
        assert!(text.contains(reason), "{reason}");
    }
    for (what, wanted) in [
        ("the crossover", "The lines cross 1× at 23 [22, 23] on current_thread"),
        ("the map", "Who wins"),
        (
            "the counts",
            "In 6 cases, spawn was slower than join! in 3, faster in 2",
        ),
        ("the language", "<html lang=\"en\">"),
    ] {
        assert!(text.contains(wanted), "{what}");
    }
    let compared = compare(["a", "b"], &parts, &parts, 0.05);
    let other = comparison(["a", "b"], &parts, &parts, &compared);
    for text in [text, other] {
        assert_eq!(text.matches("<h1>").count(), 1);
        assert!(text.contains("default-src 'none'"));
        for wrong in ["http://", "https://", "NaN", "inf\"", "inf "] {
            assert!(!text.contains(wrong), "{wrong}");
        }
    }
}

#[test]
fn links_stand_where_they_lead_somewhere() {
    let links = Links {
        criterion: Box::new(|case, strategy| {
            (strategy == "spawn").then(|| format!("criterion/{}", case.measurement_id(strategy)))
        }),
        flamegraph: Box::new(|case, _| (case.tasks == 8).then(|| "flames/8.svg".to_owned())),
        ..Links::default()
    };
    let text = page("test", &of(run()), &links);
    assert_eq!(text.matches(">Criterion</a>").count(), 6);
    assert_eq!(text.matches(">flamegraph</a>").count(), 6);
    assert!(text.contains("href=\"criterion/yield/current_thread/worker/0B/spawn/1\""));
    assert!(!page("test", &of(run()), &Links::default()).contains("see also"));
}

/// As many children of `scale`: FuturesUnordered takes 50 ns for each, JoinSet twice that, and join_all a third of it at 100
/// and three times it above.
fn scale() -> Part {
    let header = Header {
        target: "scale".into(),
        ..header()
    };
    let of = |tasks: usize| {
        let case: Case = format!("yield/current_thread/worker/0B/{tasks}").parse().unwrap();
        let join_all: f64 = if tasks > 100 { 3.0 } else { 1.0 / 3.0 };
        [("futures_unordered", 1.0), ("join_set", 2.0), ("join_all", join_all)].map(|(strategy, ratio)| {
            let rounds = (0..10)
                .map(|round| vec![ratio.ln() + 0.001 * f64::from(round)])
                .collect();
            Measurement {
                reference: "futures_unordered".into(),
                ..measured(&case, strategy, rounds, 50.0 * tasks as f64, 0.02)
            }
        })
    };
    (header, [100, 1_000, 10_000].into_iter().flat_map(of).collect())
}

#[test]
fn large_numbers_of_children_stand_apart() {
    let alone = page("run", &of(run()), &Links::default());
    let both = page("run", &[of(run()).remove(0), scale()], &Links::default());
    let section = |page: &str, id: &str| {
        let (_, section) = page
            .split_once(&format!("<section id=\"{id}\""))
            .unwrap_or_else(|| panic!("no {id}"));
        section.split_once("</section>").expect("an end").0.to_owned()
    };
    // Ratios to another reference, at other numbers: not on the same line.
    assert_eq!(section(&both, "workload-yield"), section(&alone, "workload-yield"));
    let counted = |page: &str| page.split("In 6 cases, spawn was slower than join! in").count() == 2;
    assert!(counted(&alone) && counted(&both));
    assert!(!both.contains("join_set was slower than join!"));
    let scale = section(&both, "scale");
    let fastest = "current_thread: join_all at 100, FuturesUnordered from 1,000 to 10,000 (they cross at";
    assert!(scale.contains(fastest), "{scale}");
    // In the table: who is the fastest at 100 and above, and the next one over it.
    assert!(scale.contains("join_all<br><small>16.7 ns; next 3.00×"), "{scale}");
    assert!(
        scale.contains("FuturesUnordered<br><small>50.2 ns; next 2.00×"),
        "{scale}"
    );
    let rows = section(&both, "measurements");
    assert_eq!(rows.matches("<small>to futures_unordered</small>").count(), 9);
    assert!(!section(&alone, "measurements").contains("to futures_unordered"));
    // The answer says it too.
    assert!(both.contains(
        "on one thread is: of 1,000, FuturesUnordered where they yield once (JoinSet 2.00×, join_all 3.00×)."
    ));
}

#[test]
fn nothing_at_all_is_a_page_too() {
    for parts in [Vec::new(), of(Vec::new())] {
        let text = page("empty", &parts, &Links::default());
        assert!(text.contains("This run has no measurements."));
        let compared = compare(["a", "b"], &parts, &parts, 0.05);
        let text = comparison(["a", "b"], &parts, &parts, &compared);
        assert!(text.contains("no measurement in common"));
    }
}

#[test]
fn a_run_of_failures_shows_them_and_draws_nothing() {
    let failed = |m: &Measurement| Measurement::failed(&m.case, &m.strategy, "join", "hung");
    let rows: Vec<Measurement> = run().iter().map(failed).collect();
    let text = page("failures", &of(rows.clone()), &Links::default());
    assert!(text.contains(&format!("{} measurements failed", rows.len())));
    assert_eq!(text.matches("hung</td>").count(), rows.len());
    assert!(!text.contains("<figure"));
}

#[test]
fn numbers_that_cannot_be_drawn_are_left_out() {
    let mut rows = run();
    for m in rows.iter_mut().filter(|m| m.case.tasks == 1) {
        let none = m.ratio.map(|ratio| ratio.map(|_| f64::NAN));
        m.ratio = none;
        m.wall_ns = none;
    }
    let text = page("nan", &of(rows), &Links::default());
    for path in text.split(" d=\"").skip(1) {
        let path = path.split('"').next().unwrap();
        assert!(!path.contains("NaN") && !path.contains("inf"), "{path}");
    }
}

/// The cases of the rows that are to be seen, in their order.
fn visible(dom: &str) -> Vec<String> {
    let (_, table) = dom.split_once("<table data-rows").expect("a table");
    let table = table.split("</table>").next().unwrap();
    let (_, body) = table.split_once("<tbody>").unwrap();
    body.split("<tr ")
        .skip(1)
        .filter(|row| !row.split('>').next().unwrap().contains(" hidden"))
        .map(|row| {
            let (_, case) = row.split_once("<code>").unwrap();
            case.split('<').next().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_address_filters_and_sorts_in_a_browser() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let parts = of(run());
    let run_page = folder.path().join("run.html");
    std::fs::write(&run_page, page("run", &parts, &Links::default())).unwrap();

    let quiet = |errors: &str| assert!(!errors.contains("CONSOLE"), "{errors}");
    let (dom, errors) = browse(&run_page, "");
    quiet(&errors);
    assert_eq!(visible(&dom).len(), run().len());
    assert!(dom.contains("Shown: 12 of 12."));
    assert!(!dom.split("id=\"controls\"").nth(1).unwrap().starts_with(" hidden"));
    assert!(dom.contains("<button type=\"button\">ratio</button>"));

    let hash = "#filter=yield&strategy=spawn&flavor=current_thread&sort=ratio&dir=desc";
    let (dom, errors) = browse(&run_page, hash);
    quiet(&errors);
    let sorted = [
        "yield/current_thread/worker/0B/8",
        "yield/current_thread/worker/0B/1",
        "yield/current_thread/worker/4KiB/8",
    ];
    assert_eq!(visible(&dom), sorted);
    assert!(dom.contains("aria-sort=\"descending\""));

    let (dom, errors) = browse(&run_page, "#sort=nothing&flavor=%3Cimg%3E&verdict=faster");
    quiet(&errors);
    assert_eq!(visible(&dom).len(), 2, "unknown values are left aside");

    let mut later = run();
    later[3] = case("yield/current_thread/worker/0B/8", 80.0, 8.0)[1].clone();
    let later = of(later);
    let compared = compare(["a", "b"], &parts, &later, 0.05);
    let both = folder.path().join("both.html");
    std::fs::write(&both, comparison(["a", "b"], &parts, &later, &compared)).unwrap();
    let (dom, errors) = browse(&both, "#judged=slower");
    quiet(&errors);
    assert_eq!(visible(&dom), ["yield/current_thread/worker/0B/8"]);
    let (dom, errors) = browse(&both, "#workload=wake&sort=ratio-a&dir=asc");
    quiet(&errors);
    let sorted = ["wake/current_thread/worker/0B/64", "wake/current_thread/worker/0B/8"];
    assert_eq!(visible(&dom), sorted);
}

#[test]
fn an_audit_of_accessibility_finds_nothing() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let parts = of(run());
    let compared = compare(["a", "b"], &parts, &parts, 0.05);
    let pages = [
        ("run", page("run", &[of(run()).remove(0), scale()], &Links::default())),
        ("both", comparison(["a", "b"], &parts, &parts, &compared)),
    ];
    for (name, text) in &pages {
        let file = folder.path().join(format!("{name}.html"));
        std::fs::write(&file, text).unwrap();
        for (width, dark) in [(1280, false), (390, true)] {
            let audit = audit(&file, width, dark);
            assert!(audit.violations.is_empty() && audit.passed > 10, "{name}: {audit:#?}");
            assert!(audit.width <= width, "{name} is {} wide", audit.width);
        }
    }
    // It does find what is wrong.
    let wrong = folder.path().join("wrong.html");
    std::fs::write(
        &wrong,
        "<html><body><img src='data:,'><p style='color:#ccc'>pale</p></body></html>",
    )
    .unwrap();
    let audit = audit(&wrong, 1280, false);
    assert!(
        audit.violations.iter().any(|line| line.starts_with("image-alt")),
        "{audit:#?}"
    );
    assert!(
        audit.violations.iter().any(|line| line.starts_with("html-has-lang")),
        "{audit:#?}"
    );
}
