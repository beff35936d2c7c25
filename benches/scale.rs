//! Scale: from ten to a hundred thousand children, a number that is known at run time only.
//!
//! Contract: join_all, FuturesUnordered, JoinSet, spawn and a bounded stream, each over the same children, compared with
//! FuturesUnordered, since join! cannot have so many (where it can, it is measured too). From 10,000 children on each strategy
//! has few iterations, in processes of its own. `cancel` drops the fan-out half done, and times until the last destructor.
//!
//! Why: up to 30 children join_all polls all of them on every wake, from 31 on it is another algorithm; FuturesUnordered and
//! JoinSet poll what was woken. The end of the run says how each grows, and which is the fastest at which number of children.
//!
//! What it cannot tell: growth on several workers (`JVS_FLAVORS=multi_thread_2` asks for it), and what children weigh that carry
//! more than a number.
//!
//! The axes stand in the files of its workloads (`crates/timed/src/workload`).

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("scale", env!("CARGO_BIN_EXE_measuring"))
}
