//! Every point once, without a clock.

use std::path::Path;
use std::time::Duration;

use super::collected::{CollectedWay, usable};
use crate::faults;
use crate::load::Schedule;
use crate::plan::Plan;
use crate::point::Level;
use crate::stand::{Stand, Subject};
use crate::trouble::Trouble;

/// Runs every point once, without a clock: prints what Criterion does.
pub fn test(plan: &Plan, program: &Path) -> Result<(), Trouble> {
    let seed = plan.settings.seed.unwrap_or(0);
    let done = |id: &str| println!("Testing {id}\nSuccess");
    let schedule = Schedule {
        seed,
        rate: 200.0,
        requests: 10,
    };
    for group in &plan.groups {
        let mut stand = Stand::new(program, &group.shape, seed, 1)?;
        for strategy in &group.strategies {
            let mut server = stand.serve(&Subject::strategy(strategy))?;
            for level in &group.levels {
                let window = match level {
                    Level::Max => stand.greatest(&mut server, Duration::from_millis(10))?,
                    Level::Percent(_) => stand.open(&mut server, schedule, 0, None)?,
                };
                let id = group.shape.id(*level, strategy);
                usable(window, &id)?;
                done(&id);
            }
        }
    }
    for served in &plan.served {
        let mut way = CollectedWay::begin(served, Some(schedule.rate), program, seed)?;
        way.round(0, schedule.requests, seed)?;
        served.ids().for_each(|id| done(&id));
    }
    for faulty in &plan.faulty {
        faults::see(faulty, seed)?;
        done(&faulty.id());
    }
    Ok(())
}
