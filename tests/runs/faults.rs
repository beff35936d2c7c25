//! Faults: what kills, Ctrl-C, a full disk, a second run and a poor machine do to a run, and what they must not do to
//! what was recorded. (Records of another schema, truncated or doubled: `tests/said/records.rs`.)

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::place::{Done, LONG, NO_PAYLOAD, Place, children, has_proc, kill, small, wait_for};
use join_vs_spawn::case::Flavor;
use join_vs_spawn::machine_state::State;
use join_vs_spawn::record::{self, Measurement, Status};
use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    trials![
        a_run_that_was_cut_short_goes_on,
        a_run_that_was_cut_short_is_set_aside,
        a_different_run_is_not_resumed,
        a_run_that_was_killed_before_its_first_line_begins_anew,
        twenty_kills_lose_and_mix_nothing,
        an_interrupted_run_says_what_is_partial,
        two_runs_do_not_share_a_folder,
        a_record_that_cannot_be_written_does_not_cost_the_table,
        an_unusable_folder_is_named,
        a_full_disk_costs_no_record,
        one_core_is_no_parallelism,
        traps_are_said_at_the_end_and_in_the_record,
    ]
}

/// Starts a run, kills it in the middle, and returns how many lines it left.
fn cut_short(place: &Place) -> usize {
    cut_short_at(place, &small(&LONG), 25)
}

fn cut_short_at(place: &Place, variables: &[(&str, &str)], lines: usize) -> usize {
    let mut child = place.start("overhead", variables, &["--bench"]);
    place.wait_for_lines("results/latest/overhead.jsonl.partial", lines);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.path("results/latest/overhead.jsonl").exists());
    let partial = place.path("results/latest/overhead.jsonl.partial");
    // What a kill in the middle of a line leaves.
    let mut text = fs::read_to_string(&partial).unwrap();
    text.push_str("{\"kind\":\"blo");
    fs::write(&partial, &text).unwrap();
    text.lines().count() - 1
}

fn a_run_that_was_cut_short_goes_on() {
    let place = Place::new();
    cut_short(&place);
    let resume = small(&[LONG[0], LONG[1], ("JVS_RESUME", "1")]);
    // And once more: what the first cut left half done must not count twice.
    let lines = cut_short_at(&place, &resume, 40);
    let partial = fs::read_to_string(place.path("results/latest/overhead.jsonl.partial")).unwrap();
    let partial: Vec<serde_json::Value> = partial
        .lines()
        .take(lines)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_kind = |kind: &'static str| partial.iter().filter(move |line| line["kind"] == kind);
    assert!(of_kind("done").count() > 0, "nothing was done before the kill");
    place.run("overhead", &resume, &["--bench"]).exits(0);
    let record_path = place.path("results/latest/overhead.jsonl");
    let (header, measurements) = record::read(&record_path).unwrap();
    assert_eq!(partial[0]["seed"].as_u64(), Some(header.seed));
    for m in &measurements {
        let blocks: Vec<usize> = m.rounds.iter().map(Vec::len).collect();
        let wanted = if m.is_control() { 3 } else { 6 };
        assert_eq!(blocks, vec![1; wanted], "{}", m.case);
    }
    // What was done before the kill is in the record, to the last digit.
    for done in of_kind("done") {
        for m in measurements
            .iter()
            .filter(|m| !m.is_control() && done["case"] == m.case.to_string())
        {
            let last_log = |strategy: &str| {
                let mut blocks = of_kind("block").filter(|block| {
                    block["case"] == done["case"]
                        && block["round"] == done["round"]
                        && block["strategies"][0] == strategy
                });
                blocks.next_back().unwrap()["sides"][0]["wall_ns"]
                    .as_f64()
                    .unwrap()
                    .ln()
            };
            let kept = &m.rounds[done["round"].as_u64().unwrap() as usize];
            let last = last_log(&m.strategy) - last_log(&m.reference);
            assert_eq!(Some(&last), kept.last(), "{}", m.case);
        }
    }
    assert!(!place.path("results/latest/overhead.jsonl.partial").exists());
    // There is nothing left to go on with.
    // What is complete is kept; what is of other measurements, or was never begun, is measured.
    let before = fs::read(&record_path).unwrap();
    place
        .run("overhead", &resume, &["--bench"])
        .exits(0)
        .says("is complete and is kept");
    assert_eq!(fs::read(&record_path).unwrap(), before);
    let other = small(&[("JVS_RESUME", "1")]);
    place.run("overhead", &other, &["--bench"]).exits(0).says("Record: ");
    assert_ne!(fs::read(&record_path).unwrap(), before);
}

fn a_run_that_was_cut_short_is_set_aside() {
    let place = Place::new();
    let lines = cut_short(&place);
    place
        .run("overhead", &small(&[]), &["--bench"])
        .exits(0)
        .says("was cut short; it is kept as");
    let aside = fs::read_dir(place.path("results/latest"))
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().contains("cut-short"));
    let kept = fs::read_to_string(aside.expect("kept").path()).unwrap();
    assert_eq!(kept.lines().count(), lines, "nothing recorded is lost");
}

fn a_run_that_was_killed_before_its_first_line_begins_anew() {
    for left in ["", "{\"kind\":\"ru"] {
        let place = Place::new();
        fs::create_dir_all(place.path("results/latest")).unwrap();
        fs::write(place.path("results/latest/overhead.jsonl.partial"), left).unwrap();
        place
            .run("overhead", &small(&[("JVS_RESUME", "1")]), &["--bench", "--noplot"])
            .exits(0);
        assert_eq!(place.measurements("results/latest/overhead.jsonl").len(), 4);
    }
}

fn a_different_run_is_not_resumed() {
    let place = Place::new();
    cut_short(&place);
    let partial = place.path("results/latest/overhead.jsonl.partial");
    for variables in [
        small(&[LONG[0], LONG[1], ("JVS_RESUME", "1"), ("JVS_TASKS", "2,16")]),
        small(&[("JVS_ROUNDS", "7"), LONG[1], ("JVS_RESUME", "1")]),
        small(&[LONG[0], LONG[1], ("JVS_RESUME", "1"), ("JVS_SEED", "1")]),
    ] {
        place
            .run("overhead", &variables, &["--bench"])
            .exits(2)
            .says("JVS_RESUME=1");
        assert!(partial.exists(), "the run that was cut short is still there");
    }
}

/// Ctrl-C goes to the run and to its round; `kill` to the run alone.
fn an_interrupted_run_says_what_is_partial() {
    const ENDLESS: [(&str, &str); 6] = [
        ("JVS_ROUNDS", "100"),
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_SITES", "worker"),
        ("JVS_TASKS", "2,8"),
        ("JVS_SEED", "7"),
    ];
    for both in [false, true] {
        if both && !has_proc() {
            continue;
        }
        let place = Place::new();
        let run = place.start("overhead", &ENDLESS, &["--bench", "--noplot"]);
        let partial = "results/latest/overhead.jsonl.partial";
        place.wait_for_lines(partial, 12);
        let mut wanted = vec![run.id()];
        if both {
            wanted.extend(children(run.id()));
        }
        for pid in wanted {
            let status = std::process::Command::new("kill")
                .args(["-INT", &pid.to_string()])
                .status();
            assert!(status.is_ok());
        }
        let done = Done::of(run.wait_with_output().expect("it ends"));
        let done = done
            .exits(130)
            .says("interrupted; what it wrote is kept, and JVS_RESUME=1 goes on with it");
        assert!(!done.stdout.contains("its process"), "{}", done.stdout);
        assert!(!place.path("results/latest/overhead.jsonl").exists());
        let text = fs::read_to_string(place.path(partial)).expect("a partial file");
        assert!(text.ends_with('\n'), "the last line is whole");
        // And it does go on.
        let mut resumed = ENDLESS.to_vec();
        resumed.push(("JVS_RESUME", "1"));
        let again = place.start("overhead", &resumed, &["--bench", "--noplot"]);
        place.wait_for_lines(partial, text.lines().count() + 6);
        kill(again.id());
        let _ = again.wait_with_output();
    }
}

fn two_runs_do_not_share_a_folder() {
    let place = Place::new();
    let mut first = place.start("overhead", &small(&[LONG[0], ("JVS_SPAN", "60")]), &["--bench"]);
    place.wait_for_lines("results/latest/overhead.jsonl.partial", 2);
    place
        .run("overhead", &small(&[]), &["--bench"])
        .exits(2)
        .says("another run is writing here");
    first.kill().unwrap();
    first.wait().unwrap();
}

fn a_record_that_cannot_be_written_does_not_cost_the_table() {
    let place = Place::new();
    // A folder where the record should go.
    fs::create_dir_all(place.path("results/latest/overhead.jsonl/x")).unwrap();
    place
        .run("overhead", &small(&[]), &["--bench"])
        .exits(1)
        .says("spawn against join! in 2 cases")
        .says("overhead.jsonl: ")
        .says("what it measured until then is above");
    assert!(
        place.path("results/latest/overhead.jsonl.partial").exists(),
        "the blocks are kept"
    );
}

fn an_unusable_folder_is_named() {
    let place = Place::new();
    fs::write(place.path("results"), "a file").unwrap();
    place
        .run("overhead", &small(&[]), &["--bench"])
        .exits(2)
        .says("results/latest: ");
}

/// Twenty-eight cases in twelve rounds: some seconds.
const SECONDS: [(&str, &str); 7] = [
    ("JVS_ROUNDS", "12"),
    ("JVS_WORKLOADS", "yield"),
    ("JVS_FLAVORS", "current_thread,multi_thread_1"),
    ("JVS_SITES", "worker,block_on"),
    ("JVS_TASKS", "1,2,3,4,6,8,10"),
    NO_PAYLOAD,
    ("JVS_RESUME", "1"),
];

/// Every round that a case takes part in is there, once.
fn whole(measurements: &[Measurement]) {
    for m in measurements {
        let in_all = m.case.flavor.has_one_thread() && m.case.site.in_task();
        let counted = if in_all { 12 } else { 6 } - m.shared_core_rounds;
        // Of a control pairs of them.
        let wanted = if m.is_control() { counted / 2 } else { counted };
        let blocks: Vec<usize> = m.rounds.iter().map(Vec::len).collect();
        assert_eq!(blocks, vec![1; wanted], "{}", m.case);
        let mut rounds = m.in_rounds.clone();
        rounds.sort_unstable();
        rounds.dedup();
        assert_eq!(rounds.len(), wanted, "{}", m.case);
    }
}

fn twenty_kills_lose_and_mix_nothing() {
    let place = Place::new();
    place.run("overhead", &small(&[]), &["--bench"]).exits(0);
    let record_path = place.path("results/latest/overhead.jsonl");
    let partial = place.path("results/latest/overhead.jsonl.partial");
    let earlier = fs::read(&record_path).unwrap();
    let whole_lines = || -> Vec<String> {
        let text = fs::read_to_string(&partial).unwrap_or_default();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        text[..whole].lines().map(str::to_owned).collect()
    };
    let done = |lines: &[String]| lines.iter().filter(|line| line.contains("\"kind\":\"done\"")).count();
    let mut random = fastrand::Rng::with_seed(20);
    let mut kept: Vec<String> = Vec::new();
    for nth in 0..20 {
        let mut run = place.start("overhead", &SECONDS, &["--bench", "--noplot"]);
        if nth % 4 == 1 {
            // On a busy machine no fixed time is enough to measure a case.
            let before = done(&kept);
            wait_for("a case that is done", || done(&whole_lines()) > before);
        }
        std::thread::sleep(Duration::from_millis(random.u64(1..300)));
        assert_eq!(run.try_wait().unwrap(), None, "kill {nth} came too late");
        run.kill().unwrap();
        run.wait().unwrap();
        assert_eq!(
            fs::read(&record_path).unwrap(),
            earlier,
            "kill {nth} touched the earlier run's record"
        );
        let now = whole_lines();
        assert!(now.starts_with(&kept), "kill {nth} lost lines");
        kept = now;
    }
    place.run("overhead", &SECONDS, &["--bench", "--noplot"]).exits(0);
    let (_, measurements) = record::read(&record_path).unwrap();
    assert_eq!(measurements.len(), 56);
    whole(&measurements);
    assert!(!partial.exists());
}

/// A command started by another program.
fn under(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut under = Command::new(program);
    under
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => under.env(name, value),
            None => under.env_remove(name),
        };
    }
    under
}

/// In a mount namespace of its own, where `results` is a tmpfs of 64 KiB; then the disk grows, and the run goes on.
fn a_full_disk_costs_no_record() {
    let script = r#"
        mount -t tmpfs -o size=64k none "$JVS_RESULTS" || exit 77
        mkdir "$JVS_RESULTS/latest" && echo earlier > "$JVS_RESULTS/latest/overhead.jsonl"
        JVS_RESUME=0 "$0" --bench --noplot; echo "exit code $?, earlier record: $(cat "$JVS_RESULTS/latest/overhead.jsonl")"
        mount -o remount,size=8m "$JVS_RESULTS" || exit 77
        rm "$JVS_RESULTS/latest/overhead.jsonl"
        "$0" --bench --noplot >/dev/null || exit 1
        cp "$JVS_RESULTS/latest/overhead.jsonl" "$JVS_RESULTS.kept"
    "#;
    let place = Place::new();
    fs::create_dir_all(place.path("results")).unwrap();
    let command = place.command("overhead", &SECONDS, &[]);
    let done = match under("unshare", &["-rm", "sh", "-c", script], &command).output() {
        Ok(output) => Done::of(output),
        Err(error) => {
            eprintln!("SKIPPED: a disk of 64 KiB needs unshare: {error}");
            return;
        }
    };
    if done.code == Some(77) || done.stderr.contains("unshare") {
        eprintln!(
            "SKIPPED: a disk of 64 KiB needs the right to mount one: {}",
            done.stderr
        );
        return;
    }
    done.exits(0)
        .says("No space left on device")
        .says("what it measured until then is above; no record was replaced")
        .says("exit code 1, earlier record: earlier");
    let (header, measurements) = record::read(&place.path("results.kept")).unwrap();
    assert!(header.complete);
    whole(&measurements);
}

fn one_core_is_no_parallelism() {
    let place = Place::new();
    let variables = small(&[("JVS_FLAVORS", "multi_thread_1,multi_thread_2")]);
    let command = place.command("overhead", &variables, &["--bench", "--noplot"]);
    // The first that this process may use, which in a container need not be the first there is.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = allowed
        .and_then(|list| list.trim().split([',', '-']).next())
        .unwrap_or("0");
    let Ok(output) = under("taskset", &["-c", first], &command).output() else {
        eprintln!("SKIPPED: taskset is not there");
        return;
    };
    Done::of(output)
        .exits(0)
        .says("Trap: One core")
        .says("not applicable: no parallelism (2 workers, one core)");
    let (header, measurements) = record::read(&place.path("results/latest/overhead.jsonl")).unwrap();
    assert_eq!(header.environment.cores, 1);
    for m in measurements {
        let measured = m.case.flavor == Flavor::MultiThread(1);
        assert_eq!(m.status == Status::Ok, measured, "{}", m.case);
        assert_eq!(m.verdict.is_some(), measured);
    }
}

fn traps_are_said_at_the_end_and_in_the_record() {
    let place = Place::new();
    // Another process that computes: this one.
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let spinning = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    // Long enough for a clock of 10 ms.
    let variables = small(&[("JVS_ROUNDS", "10")]);
    let done = place.run("overhead", &variables, &["--bench", "--noplot"]).exits(0);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    spinning.join().unwrap();
    let (header, _) = record::read(&place.path("results/latest/overhead.jsonl")).unwrap();
    let mut expected = vec![];
    if cfg!(debug_assertions) {
        expected.push("Debug build");
    }
    if has_proc() {
        expected.push("Load by others");
        let (least, most) = header.conditions.step_ns.expect("measured in each round");
        let looked = |state: &State| state.task_ns.is_some_and(|ns| ns > 0.0);
        assert!(header.states.iter().all(looked), "{:?}", header.states);
        assert!(least > 0.0 && most >= least);
        assert!(header.conditions.stolen.is_some());
    }
    for trap in expected {
        assert!(
            header.traps.iter().any(|said| said.starts_with(trap)),
            "{trap}: {:?}",
            header.traps
        );
        assert!(done.stdout.contains(&format!("Trap: {trap}")), "{}", done.stdout);
    }
}
