//! What becomes of requests and calls when something goes wrong, counted; no clock decides anything.

use std::sync::atomic::Ordering::Relaxed;

use server::content::expected;
use server::delay::one_of;
use server::fault::{Fault, IN, meets};
use server::faults::{Place, see};
use server::plan::{FAULTY_TASKS, Faulty};
use server::record::FaultSeen;
use server::serving::Way;
use server::strategy::ALL;

fn seen(fault: Option<Fault>, strategy: &str) -> FaultSeen {
    let faulty = Faulty {
        fault,
        strategy: strategy.to_owned(),
    };
    see(&faulty, 7).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_client_that_goes_away_stops_all_joined_calls_and_no_spawned_one() {
    for strategy in ALL {
        let seen = seen(None, strategy);
        let calls = if strategy == "sequential" {
            20
        } else {
            20 * FAULTY_TASKS as u64
        };
        let (stopped, ran_on) = if strategy == "spawn" { (0, calls) } else { (calls, 0) };
        assert_eq!(
            (seen.calls, seen.stopped, seen.ran_on),
            (calls, stopped, ran_on),
            "{strategy}"
        );
    }
}

#[test]
fn a_call_that_goes_wrong_fails_its_own_request_and_no_other() {
    let met = (0..200).filter(|request| meets(7, *request, FAULTY_TASKS)).count() as u64;
    assert!((1..20).contains(&met), "{met}");
    for strategy in ALL {
        for fault in [Fault::Refuses, Fault::Cuts, Fault::Answers500] {
            let seen = seen(Some(fault), strategy);
            assert_eq!(
                (seen.met, seen.answered, seen.answered_502),
                (met, 200 - met, met),
                "{fault:?} {strategy}"
            );
        }
        let seen = seen(Some(Fault::Hangs), strategy);
        assert_eq!((seen.answered, seen.unanswered), (200 - met, met), "{strategy}");
    }
}

#[test]
fn a_panic_is_an_answer_where_children_are_tasks_and_a_closed_connection_where_they_are_not() {
    for strategy in ALL {
        let seen = seen(Some(Fault::Panics), strategy);
        let in_tasks = matches!(strategy, "spawn" | "join_set");
        let (answered_500, closed) = if in_tasks { (seen.met, 0) } else { (0, seen.met) };
        assert_eq!(
            (seen.answered, seen.answered_500, seen.closed),
            (200 - seen.met, answered_500, closed),
            "{strategy}"
        );
    }
}

/// A seed and a request that a panic meets, and one that it does not.
fn panicking() -> (u64, u64, u64) {
    let seed = 3;
    let met = (0..)
        .find(|request| one_of(IN, seed, *request, 0))
        .expect("one in a hundred");
    let other = (0..).find(|request| !one_of(IN, seed, *request, 0)).expect("most");
    (seed, met, other)
}

#[test]
fn a_panic_takes_its_task_with_it_whatever_else_is_in_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (seed, met, other) = panicking();
    for (way, panic_is, others_live) in [
        (Way::TaskPerConnection, "closed", true),
        (Way::TaskPerRequest, "500", true),
        (Way::OneTask, "closed", false),
    ] {
        runtime.block_on(async {
            let place = Place::begin("join", 1, way, Some(Fault::Panics), seed)
                .await
                .expect("a place");
            let url = |request: u64| format!("http://{}/answer/{request}", place.address);
            // A client that keeps its connection.
            let neighbour = reqwest::Client::builder().no_proxy().build().expect("a client");
            let get = async |client: &reqwest::Client, request| match client.get(url(request)).send().await {
                Err(_) => "closed".to_owned(),
                Ok(response) => match response.status().as_u16() {
                    200 => {
                        assert_eq!(response.bytes().await.expect("a body")[..], expected(1, 1 << 10)[..]);
                        "200".to_owned()
                    }
                    status => status.to_string(),
                },
            };
            assert_eq!(get(&neighbour, other).await, "200", "{way}");
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            assert_eq!(get(&client, met).await, panic_is, "{way}");
            let now = if others_live { "200" } else { "closed" };
            assert_eq!(get(&neighbour, other).await, now, "{way}");
            // The requests of the neighbour and the one that panicked; none came through once the one task was gone.
            let began = 2 + u64::from(others_live);
            assert_eq!(place.watched.handlers.began.load(Relaxed), began, "{way}");
        });
    }
}
