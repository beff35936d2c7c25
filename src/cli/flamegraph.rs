//! `flamegraph`: what differs between the last profiles of two strategies.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use regex::Regex;

use super::bad_input;
use crate::bench::criterion_home;
use crate::files;
use crate::flamegraph::page;
use crate::flamegraph::stacks::{Taken, taken};

#[derive(Args)]
#[command(after_help = "scripts/flamegraph takes both profiles and then calls this.\n\n\
                  Example: cargo bench --bench overhead -- --profile-time 5 'yield/current_thread/worker/0B/.*/8$'\n         \
                  cargo run --release -- flamegraph yield/current_thread/worker/0B/8")]
pub(super) struct Arguments {
    /// Which cases, by a regular expression over their ids: WORKLOAD/FLAVOR/SITE/PAYLOAD/TASKS, or those of measurements
    filter: Regex,
    /// The strategy that is compared to
    #[arg(long, default_value = "join")]
    from: String,
    /// The strategy that is compared
    #[arg(long, default_value = "spawn")]
    to: String,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let home = criterion_home();
    let all = taken(&home);
    let matches = |taken: &&Taken| {
        let profile = &taken.profile;
        let ids = [profile.case.to_string(), profile.id()];
        ids.iter().any(|id| arguments.filter.is_match(id))
    };
    let of = |strategy: &str| -> Vec<&Taken> {
        let all = all.iter().filter(matches);
        all.filter(|taken| taken.profile.strategy == strategy).collect()
    };
    let (before, after) = (of(&arguments.from), of(&arguments.to));
    let pairs: Vec<(&Taken, &Taken)> = before
        .iter()
        .filter_map(|a| Some((*a, *after.iter().find(|b| b.profile.case == a.profile.case)?)))
        .collect();
    if pairs.is_empty() {
        return bad_input(format!(
            "no profiles of both {} and {} match `{}` in {}; scripts/flamegraph takes them",
            arguments.from,
            arguments.to,
            arguments.filter,
            home.display()
        ));
    }
    for (a, b) in pairs {
        match draw(a, b) {
            Ok(path) => println!("{}", path.display()),
            Err(error) => return bad_input(error),
        }
    }
    ExitCode::SUCCESS
}

/// Draws the pictures and the page, all of them before the first is written; returns the page's path.
fn draw(a: &Taken, b: &Taken) -> Result<PathBuf, String> {
    let one = (&a.profile, a.stacks.as_str());
    let other = (&b.profile, b.stacks.as_str());
    let case = &a.profile.case;
    let pictures = page::pictures(one, other).map_err(|error| format!("{case}: {error}"))?;
    let html = page::page(one, other, &pictures);
    eprint!("{}", page::text(one, other));
    // Beside Criterion's folder, which is cleared by its own rules.
    let home = criterion_home();
    let name = case.to_string().replace('/', "_");
    let folder = home.parent().unwrap_or(&home).join("flamegraphs").join(name);
    let error = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(error)?;
    for (file, _, svg) in &pictures {
        files::replace(&folder.join(file), svg).map_err(error)?;
    }
    let path = folder.join("index.html");
    files::replace(&path, html.as_bytes()).map_err(error)?;
    Ok(path)
}
