//! The HTTP target as a user starts it, against the mock server and against servers that do wrong. This program
//! starts itself again as the bench, as its rounds, and as the server: `FAULT` says what is wrong with that.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use crate::common::place::{Done, Place, alive, children, children_with, has_proc, wait_for};
use join_vs_spawn::http::content::Resource;
use join_vs_spawn::http::server;
use join_vs_spawn::record::{self, Measurement, Status};
use libtest_mimic::Trial;

const FAULT: &str = "TEST_FAULT";

/// If this program was started as a server that does wrong, is that; else returns.
pub fn run_if_faulty_server() -> Option<ExitCode> {
    let fault = std::env::var(FAULT).ok()?;
    if std::env::args_os().nth(1).is_none_or(|first| first != server::ARGUMENT) {
        return None;
    }
    if fault == "no_port" {
        server::serve(|| Err(io::Error::from(io::ErrorKind::AddrInUse)));
    }
    serve_wrongly(&fault);
    Some(ExitCode::SUCCESS)
}

pub fn trials() -> Vec<Trial> {
    trials![
        a_run_opens_a_connection_for_each_child_and_keeps_it,
        the_kin_run_too,
        a_proxy_in_the_environment_changes_nothing,
        test_mode_runs_everything_once,
        refused_connections_cost_every_case,
        a_silent_server_costs_its_case,
        a_body_cut_short_costs_its_case,
        errors_of_the_server_cost_their_case,
        a_wrong_body_costs_its_case,
        a_body_that_changes_costs_its_case,
        too_few_file_descriptors_cost_their_case,
        no_free_port_costs_every_case_and_hangs_nothing,
        a_killed_server_costs_its_case,
        a_stopped_server_costs_its_case,
        no_server_outlives_its_run,
    ]
}

/// A server that says what the suite expects and does wrong in one way, for bodies of 64 KiB alone where it can.
fn serve_wrongly(fault: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    if fault == "refuses" {
        // Nobody listens there. A listener that is dropped would reset what waits in its backlog, and refuse only the rest.
        println!("listening 127.0.0.1:1");
    } else {
        println!("listening {address}");
    }
    let fault = fault.to_owned();
    std::thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let fault = fault.clone();
            std::thread::spawn(move || answer(&connection, &fault));
        }
    });
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        println!("{}", if line == "reset" { "done" } else { "cpu 0" });
    }
}

/// Answers the requests of one connection.
fn answer(connection: &TcpStream, fault: &str) {
    let mut requests = 0;
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    let mut output = connection;
    while let Some(first) = lines.next() {
        while lines.next().is_some_and(|line| !line.is_empty()) {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let resource = Resource::of_path(path).expect("a path of the suite");
        std::thread::sleep(Duration::from_millis(resource.late_ms));
        let mut body = resource.body();
        let mut status = "200 OK";
        let length = body.len();
        requests += 1;
        if length == 65536 {
            match fault {
                "silent" => std::thread::sleep(Duration::from_secs(3600)),
                "cut" => body.truncate(1000),
                "500" => status = "500 Internal Server Error",
                "wrong" => body.reverse(),
                // Later than bodies are compared whole; a block makes six requests on each connection, however slow they are.
                "changes" if requests > 4 => body.reverse(),
                _ => {}
            }
        }
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
        let sent = output.write_all(&[head.as_bytes(), &body].concat());
        if sent.is_err() || body.len() < length {
            return;
        }
    }
}

/// Fetches of 64 B, which are right, and of 64 KiB, which may not be.
const SMALL: [(&str, &str); 7] = [
    ("JVS_ROUNDS", "1"),
    ("JVS_WORKLOADS", "http"),
    ("JVS_FLAVORS", "current_thread,multi_thread_1"),
    ("JVS_SITES", "worker"),
    ("JVS_PAYLOADS", "64B,64KiB"),
    ("JVS_TASKS", "3"),
    // A third of it for each request: patience also on a busy machine.
    ("JVS_DEADLINE", "90"),
];
/// Where a request is to be given up: 5 s for each.
const IMPATIENT: (&str, &str) = ("JVS_DEADLINE", "15");

fn small<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    SMALL.into_iter().chain(more.iter().copied()).collect()
}

fn recorded(place: &Place) -> Vec<Measurement> {
    place.measurements("results/latest/http.jsonl")
}

fn number(m: &Measurement) -> f64 {
    m.server_cpu_ns.expect("a server's CPU time").median
}

fn a_run_opens_a_connection_for_each_child_and_keeps_it() {
    let place = Place::new();
    let done = place.run("http", &small(&[]), &["--bench"]).exits(0);
    let done = done.says("spawn against join! in 4 cases").says("Resident memory");
    assert!(done.stdout.contains("server"), "{}", done.stdout);
    let (header, measurements) = record::read(&place.path("results/latest/http.jsonl")).expect("a record");
    assert!(!has_proc() || header.resident_bytes.server.is_some());
    assert_eq!(measurements.len(), 8);
    for m in measurements {
        assert_eq!(m.status, Status::Ok, "{}: {:?}", m.case, m.reason);
        assert!(number(&m) > 1000.0, "{}", m.case);
        let opened = m.connections_opened.concat();
        assert_eq!(opened.len(), m.block_ns.len());
        assert!(opened.iter().all(|opened| (3..=5).contains(opened)), "{opened:?}");
    }
}

fn the_kin_run_too() {
    let place = Place::new();
    let mut variables = small(&[("JVS_FLAVORS", "current_thread")]);
    variables.retain(|(name, _)| !["JVS_WORKLOADS", "JVS_PAYLOADS"].contains(name));
    variables.push(("JVS_WORKLOADS", "http_delay,http_parse,http_straggler"));
    variables.push(("JVS_STRATEGIES", "join,spawn,join_set"));
    // A mean of few iterations stands beside what no outlier moves: one stall of the machine may turn that round.
    assert!((0..3).any(|_| the_last_result_comes_last(&place, &variables)));
}

fn the_last_result_comes_last(place: &Place, variables: &[(&str, &str)]) -> bool {
    place.run("http", variables, &["--bench"]).exits(0);
    let measurements = recorded(place);
    assert_eq!(measurements.len(), 9);
    let mut last = true;
    let find = |workload: &str, strategy: &str| {
        let mut found = measurements.iter();
        found
            .find(|m| m.case.workload == workload && m.strategy == strategy)
            .expect("measured")
    };
    for strategy in ["join", "spawn", "join_set"] {
        let delay = find("http_delay", strategy).wall_ns.expect("a time").median;
        assert!(delay >= 20e6, "{strategy}: {delay} ns");
        assert!(find("http_parse", strategy).first_result_ns.is_none());
        // What is taken as it comes is there long before the straggler.
        let m = find("http_straggler", strategy);
        let [first, all_but_one] = [m.first_result_ns, m.all_but_one_ns].map(|time| time.expect("a time").median);
        let all = m.wall_ns.expect("a time").median;
        assert!(first <= all_but_one && all >= 20e6);
        if strategy == "join_set" {
            last = all_but_one < all;
        } else {
            assert!(first >= 20e6, "{strategy}: {first} ns");
        }
    }
    last
}

fn a_proxy_in_the_environment_changes_nothing() {
    let place = Place::new();
    let proxy = "http://127.0.0.1:1";
    let variables = small(&[
        ("HTTP_PROXY", proxy),
        ("http_proxy", proxy),
        ("ALL_PROXY", proxy),
        ("JVS_PAYLOADS", "64B"),
    ]);
    place.run("http", &variables, &["--bench"]).exits(0);
}

fn test_mode_runs_everything_once() {
    let place = Place::new();
    let done = place.run("http", &small(&[]), &["--bench", "--test"]).exits(0);
    assert_eq!(done.stdout.matches("Success").count(), 8, "{}", done.stdout);
    // And ends where nobody answers.
    place
        .run("http", &small(&[(FAULT, "silent")]), &["--bench", "--test"])
        .exits(1)
        .says("a request was not answered within 10 s");
}

/// The fault fails every case with 64 KiB, for that reason, and no other.
fn costs_its_case(fault: &str, reason: &str) {
    costs_its_case_with(&[(FAULT, fault)], reason);
}

fn costs_its_case_with(variables: &[(&str, &str)], reason: &str) {
    let place = Place::new();
    place
        .run("http", &small(variables), &["--bench"])
        .exits(1)
        .says(reason)
        .says("failed: http/multi_thread_1/worker/64KiB/spawn/3")
        .says("spawn against join! in 2 cases")
        .says("--no-fail-fast");
    check(&recorded(&place), reason, |m| m.case.payload.0 == 65536);
}

/// What `fails` failed for that reason and has no numbers; all else was measured.
fn check(measurements: &[Measurement], reason: &str, fails: impl Fn(&Measurement) -> bool) {
    assert_eq!(measurements.len(), 8);
    for m in measurements {
        if fails(m) {
            assert_eq!(m.status, Status::Failed, "{}", m.case);
            let given = m.reason.as_deref().unwrap_or_default();
            assert!(given.contains(reason), "{}: {given}", m.case);
            assert!(m.wall_ns.is_none() && m.ratio.is_none() && m.block_ns.is_empty());
        } else {
            assert_eq!(m.status, Status::Ok, "{}: {:?}", m.case, m.reason);
        }
    }
}

fn refused_connections_cost_every_case() {
    let place = Place::new();
    place
        .run("http", &small(&[(FAULT, "refuses")]), &["--bench"])
        .exits(1)
        .says("--no-fail-fast");
    check(&recorded(&place), "Connection refused", |_| true);
}

fn a_silent_server_costs_its_case() {
    costs_its_case_with(&[(FAULT, "silent"), IMPATIENT], "a request was not answered within 5 s");
}

fn a_body_cut_short_costs_its_case() {
    costs_its_case("cut", "end of file before message length reached");
}

fn errors_of_the_server_cost_their_case() {
    costs_its_case("500", "500 Internal Server Error");
}

fn a_wrong_body_costs_its_case() {
    costs_its_case("wrong", "not the body");
}

fn a_body_that_changes_costs_its_case() {
    costs_its_case("changes", "outputs other than");
}

fn too_few_file_descriptors_cost_their_case() {
    let place = Place::new();
    let variables = small(&[("JVS_TASKS", "3,32"), ("JVS_PAYLOADS", "64B")]);
    let program = place.command("http", &variables, &["--bench"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 40 && exec \"$0\" --bench"])
        .arg(program.get_program());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let done = Done::of(limited.output().expect("a shell")).exits(1);
    let reason = "limit of 40 open files";
    done.says(reason);
    check(&recorded(&place), reason, |m| m.case.tasks == 32);
}

fn no_free_port_costs_every_case_and_hangs_nothing() {
    let place = Place::new();
    place
        .run("http", &small(&[(FAULT, "no_port")]), &["--bench"])
        .exits(1)
        .says("--no-fail-fast");
    check(&recorded(&place), "cannot listen on 127.0.0.1: address in use", |_| {
        true
    });
}

/// Starts a run of some seconds, and waits until its servers serve: the run and the servers of a round.
fn disturbed(place: &Place) -> (Child, Vec<u32>) {
    let variables = small(&[("JVS_ROUNDS", "6"), ("JVS_SPAN", "12"), IMPATIENT]);
    let child = place.start("http", &variables, &["--bench"]);
    // The first round, and a block of the second: most of what its process measures is still to come.
    place.wait_for_lines("results/latest/http.jsonl.partial", 17);
    let servers = std::cell::RefCell::new(Vec::new());
    wait_for("server", || {
        let round = children(child.id()).first().copied();
        // Beside them are copies of the round's process, one for each block.
        let mut found = round.map_or_else(Vec::new, |round| children_with(round, server::ARGUMENT));
        // It has a second thread when it serves. A server that is stopped before it asked to die with its parent
        // would outlive it, and keep the run's standard error open.
        found.retain(|pid| fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|tasks| tasks.count() > 1));
        servers.replace(found);
        !servers.borrow().is_empty()
    });
    (child, servers.into_inner())
}

/// Sends the servers of a round a signal, until a case of the run fails: a round may end before it is disturbed.
fn costs_one_case(signal: &str) -> (String, Vec<u32>) {
    for _ in 0..6 {
        let place = Place::new();
        let (child, servers) = disturbed(&place);
        let pids = servers.iter().map(u32::to_string);
        Command::new("kill").arg(signal).args(pids).status().expect("kill");
        let done = Done::of(child.wait_with_output().expect("it ends"));
        if done.code != Some(0) {
            return (goes_on(&place, done), servers);
        }
    }
    panic!("no case failed in six runs");
}

/// At most one case failed, and the others were measured in every round.
fn goes_on(place: &Place, done: Done) -> String {
    let done = done.exits(1);
    let measurements = recorded(place);
    let failed: Vec<&Measurement> = measurements.iter().filter(|m| m.status == Status::Failed).collect();
    assert_eq!(failed.len(), 2, "one case, its control and its spawn: {}", done.stdout);
    for m in measurements.iter().filter(|m| m.status == Status::Ok) {
        assert_eq!(m.block_ns.len(), 6, "the run went on");
    }
    failed[0].reason.clone().expect("a reason")
}

fn a_killed_server_costs_its_case() {
    if !has_proc() {
        return;
    }
    let (reason, _) = costs_one_case("-KILL");
    let known = ["mock server is gone", "Connection", "connection", "canceled"];
    assert!(known.iter().any(|known| reason.contains(known)), "{reason}");
}

fn a_stopped_server_costs_its_case() {
    if !has_proc() {
        return;
    }
    let (reason, servers) = costs_one_case("-STOP");
    assert!(reason.contains("not answered within 5 s"), "{reason}");
    wait_for("end of the servers", || !servers.iter().any(|&server| alive(server)));
}

fn no_server_outlives_its_run() {
    if !has_proc() {
        return;
    }
    let place = Place::new();
    let (mut child, servers) = disturbed(&place);
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    wait_for("end of the servers", || !servers.iter().any(|&server| alive(server)));
}
