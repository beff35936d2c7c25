//! Profiles, as a user takes them: this program starts itself as a bench target (`ACT`).

use std::fs;
use std::process::{Command, Output};

use crate::common::browser::{browse, has_browser};
use crate::common::place::Place;
use join_vs_spawn::flamegraph::shares::modules;
use join_vs_spawn::flamegraph::{Profile, draw, page, stacks};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    trials![
        a_profile_holds_the_strategy_and_nothing_else,
        http_is_profiled_on_several_threads,
        what_cannot_be_profiled_is_said_and_earlier_pictures_stay,
        the_difference_of_two_profiles_is_drawn,
        pictures_search_and_zoom_in_a_browser,
    ]
}

const ONE: [(&str, &str); 3] = [
    ("JVS_WORKLOADS", "yield"),
    ("JVS_FLAVORS", "current_thread"),
    ("JVS_TASKS", "8"),
];

fn taken(place: &Place) -> Vec<stacks::Taken> {
    stacks::taken(&place.path("criterion"))
}

fn a_profile_holds_the_strategy_and_nothing_else() {
    let place = Place::new();
    let arguments = ["--bench", "--profile-time", "3", "yield/.*/worker/0B/spawn/8$"];
    let done = place.run("overhead", &ONE, &arguments).exits(0);
    let done = done.says("Flamegraph: ");
    assert!(!place.path("results").exists(), "{}", done.stdout);
    let all = taken(&place);
    let [taken] = &all[..] else {
        panic!("{} profiles, not one", all.len());
    };
    let profile = &taken.profile;
    assert_eq!(profile.id(), "yield/current_thread/worker/0B/spawn/8");
    // How many a second depends on the kernel and on what else runs; that there are some does not.
    assert!(profile.samples >= 20, "{profile:?}");
    assert!(profile.whole * 100 >= profile.samples * 95, "{profile:?}");
    let counted: u64 = stacks::read(&taken.stacks).map(|(_, count)| count).sum();
    assert_eq!(counted, profile.samples);
    for (frames, _) in stacks::read(&taken.stacks) {
        assert!(frames[0].starts_with("thread in block_on"), "{frames:?}");
        for harness in ["criterion", "set_up", "prime", "lang_start"] {
            assert!(!frames.iter().any(|frame| frame.contains(harness)), "{frames:?}");
        }
    }
    for name in ["strategy::spawn", "JoinHandle"] {
        assert!(taken.stacks.contains(name), "{name} is in no stack");
    }
    let found = modules([&taken.stacks], 10);
    for module in ["tokio::runtime::task", "tokio::runtime::scheduler"] {
        let known = found.iter().any(|(name, [share])| name == module && *share > 0.05);
        assert!(known, "{module}: {found:?}");
    }
    let svg = fs::read_to_string(taken.folder.join("flamegraph.svg")).expect("a picture");
    for text in ["yield/current_thread/worker/0B/8, spawn", "samples, ", "tokio 1."] {
        assert!(svg.contains(text), "{text}");
    }
}

fn http_is_profiled_on_several_threads() {
    let place = Place::new();
    let variables = [("JVS_FLAVORS", "multi_thread_2"), ("JVS_TASKS", "3")];
    let arguments = ["--bench", "--profile-time", "1", "^http/.*/worker/64B/join/3$"];
    place.run("http", &variables, &arguments).exits(0);
    let all = taken(&place);
    assert_eq!(all.len(), 1);
    assert!(all[0].stacks.contains("worker thread"), "{}", all[0].stacks);
    assert!(all[0].stacks.contains("reqwest"));
}

fn what_cannot_be_profiled_is_said_and_earlier_pictures_stay() {
    let place = Place::new();
    let picture = place.path("criterion/yield_current_thread_worker_0B/join/8/profile/flamegraph.svg");
    fs::create_dir_all(picture.parent().expect("a folder")).expect("a folder");
    fs::write(&picture, "earlier").expect("a file");
    for (arguments, code, says) in [
        (
            ["--profile-time", "0", "join/8"],
            2,
            "--profile-time 0: not a number of seconds",
        ),
        (["--profile-time", "-3", "join/8"], 2, "--profile-time"),
        (["--profile-time", "1", "no/such"], 2, "matches none of its"),
    ] {
        let arguments = [&["--bench"], &arguments[..]].concat();
        place.run("overhead", &ONE, &arguments).exits(code).says(says);
    }
    let of_server = |filter| place.run("server", &[], &["--bench", "--profile-time", "1", filter]);
    of_server("no/such").exits(2).says("nothing here has the values");
    of_server("^wake/current_thread/worker/0B/join/8$").exits(0);
    // Another target knows it: no error, so that the targets can be run in a row.
    let arguments = [
        "--bench",
        "--profile-time",
        "1",
        "^wake/current_thread/worker/0B/join/8$",
    ];
    place.run("overhead", &[], &arguments).exits(0);
    assert_eq!(fs::read_to_string(&picture).expect("a file"), "earlier");

    // A folder that cannot be made.
    let file = place.path("file");
    fs::write(&file, "").expect("a file");
    let mut command = place.command(
        "overhead",
        &ONE,
        &["--bench", "--profile-time", "1", "worker/0B/join/8$"],
    );
    let output = command
        .env("CRITERION_HOME", file.join("below"))
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("yield/current_thread/worker/0B/join/8: "), "{said}");
}

fn flamegraph(place: &Place, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .env("CRITERION_HOME", place.path("criterion"))
        .arg("flamegraph")
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// A profile of a strategy that nobody took.
fn profile(strategy: &str) -> Profile {
    Profile {
        case: "yield/current_thread/worker/0B/8".parse().expect("a case"),
        strategy: strategy.to_owned(),
        samples: 100,
        cut: 0,
        whole: 100,
        seconds: 1.0,
        cpu_seconds: 0.5,
        tokio: "1.2.3".into(),
    }
}

const JOIN: &str = "thread in block_on;tokio::poll;timed::strategy::join 90\nthread in block_on;tokio::poll 10\n";
const SPAWN: &str = "thread in block_on;tokio::poll;timed::strategy::spawn;Cell<T,S>::new;malloc 70\n\
                     thread in block_on;tokio::poll 30\n";

fn the_difference_of_two_profiles_is_drawn() {
    let place = Place::new();
    let none = flamegraph(&place, &["yield"]);
    assert_eq!(none.status.code(), Some(2));
    let said = String::from_utf8_lossy(&none.stderr);
    assert!(
        said.contains("no profiles of both join and spawn match `yield`"),
        "{said}"
    );
    for (strategy, folded) in [("join", JOIN), ("spawn", SPAWN)] {
        let folder = place.path(&format!("criterion/group/{strategy}/8/profile"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(stacks::FOLDED), folded).expect("a file");
        let json = serde_json::to_string(&profile(strategy)).expect("json");
        fs::write(folder.join(stacks::PROFILE), json).expect("a file");
    }
    let drawn = flamegraph(&place, &["^yield/current_thread/worker/0B/8$"]);
    assert_eq!(drawn.status.code(), Some(0));
    let path = String::from_utf8_lossy(&drawn.stdout).trim().to_owned();
    assert!(
        path.ends_with("flamegraphs/yield_current_thread_worker_0B_8/index.html"),
        "{path}"
    );
    let html = fs::read_to_string(&path).expect("a page");
    assert_eq!(html.matches("<iframe").count(), 4);
    assert!(html.contains("CPU time is 50% of wall time"));
    let row = "<tr><th scope=\"row\">malloc</th><td>0%</td><td>70.0%</td><td>+70.0</td></tr>";
    assert!(html.contains(row), "{html}");
    for picture in ["join", "spawn", "join-to-spawn", "spawn-to-join"] {
        let svg = path.replace("index.html", &format!("{picture}.svg"));
        assert!(fs::read_to_string(svg).expect("a picture").contains("</svg>"));
    }
}

fn pictures_search_and_zoom_in_a_browser() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (join, spawn) = (profile("join"), profile("spawn"));
    let pictures = [
        draw::flamegraph(&spawn, SPAWN).expect("a picture"),
        draw::differential((&join, JOIN), (&spawn, SPAWN)).expect("a picture"),
    ];
    for svg in pictures {
        let file = folder.path().join("picture.svg");
        fs::write(&file, svg).expect("a file");
        let quiet = |errors: &str| assert!(!errors.contains("CONSOLE"), "{errors}");
        let (whole, errors) = browse(&file, "");
        quiet(&errors);
        assert!(!whole.contains("Matched: 70.00%"), "{whole}");
        let (searched, errors) = browse(&file, "?s=malloc");
        quiet(&errors);
        assert!(searched.contains("70.00%"), "{searched}");
        // As after a click on malloc's frame: those below it are marked as its parents.
        assert!(!whole.contains("class=\"parent\""), "{whole}");
        let (_, frame) = whole.split_once("<title>malloc").expect("its group");
        let attribute = |name: &str| {
            let (_, rest) = frame.split_once(&format!(" {name}=\"")).expect("its rectangle");
            rest.split('"').next().expect("a value").to_owned()
        };
        let behind = format!("?x={}&y={}", attribute("fg:x"), attribute("y"));
        let (zoomed, errors) = browse(&file, &behind);
        quiet(&errors);
        assert!(zoomed.contains("class=\"parent\""), "{zoomed}");
    }
    let whole = [(&join, JOIN), (&spawn, SPAWN)];
    let pictures = page::pictures(whole[0], whole[1]).expect("pictures");
    let file = folder.path().join("index.html");
    fs::write(&file, page::page(whole[0], whole[1], &pictures)).expect("a file");
    let (dom, errors) = browse(&file, "");
    assert!(!errors.contains("CONSOLE"), "{errors}");
    assert!(dom.contains("The ten functions whose shares differ most"));
    assert!(!dom.contains("history.replaceState"));
}
