//! A second load generator, by which the first is checked: another runtime, another client, another way to find quantiles.
//!
//! Requests are tasks of a tokio runtime and go through reqwest; what is due is said by a thread that sleeps; latencies are kept
//! one by one and sorted.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::load::Schedule;

/// The client; it keeps its connections from schedule to schedule, as the load generator does.
pub struct Client {
    runtime: Runtime,
    client: reqwest::Client,
}

impl Client {
    /// Without connections yet.
    pub fn new() -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let client = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            runtime: runtime.map_err(|error| format!("no runtime: {error}"))?,
            client: client.map_err(|error| format!("no client: {error}"))?,
        })
    }

    /// Latencies in ns, sorted, of all requests of a schedule, from when they were due. `first` is the number of the first
    /// request, `expected` the body of each answer.
    pub fn latencies(
        &self,
        address: SocketAddr,
        schedule: &Schedule,
        first: u64,
        expected: &[u8],
    ) -> Result<Vec<u64>, String> {
        let arrivals = schedule.arrivals();
        self.runtime.block_on(async {
            let (send, mut due) = mpsc::unbounded_channel();
            std::thread::spawn(move || {
                #[cfg(target_os = "linux")]
                let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
                let began = Instant::now();
                for arrival in arrivals {
                    let due = began + arrival;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if send.send(due).is_err() {
                        return;
                    }
                }
            });
            let mut requests = JoinSet::new();
            let mut number = first;
            while let Some(due) = due.recv().await {
                let get = self.client.get(format!("http://{address}/answer/{number}"));
                number += 1;
                requests.spawn(async move {
                    let body = get.send().await?.error_for_status()?.bytes().await?;
                    Ok::<_, reqwest::Error>((due.elapsed(), body))
                });
            }
            let mut latencies = Vec::with_capacity(schedule.requests);
            while let Some(ended) = requests.join_next().await {
                let ended = ended.map_err(|error| error.to_string())?;
                let (latency, body) = ended.map_err(|error| error.to_string())?;
                if body[..] != *expected {
                    return Err("another body than expected".to_owned());
                }
                latencies.push(latency.as_nanos() as u64);
            }
            latencies.sort_unstable();
            Ok(latencies)
        })
    }
}
