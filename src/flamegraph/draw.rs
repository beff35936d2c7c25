//! Pictures: flamegraphs by inferno, which search and zoom by themselves.

use std::io;

use inferno::differential;
use inferno::flamegraph::{self, Options};

use super::Profile;
use crate::text::label;

/// A profile as a flamegraph, in SVG.
pub fn flamegraph(profile: &Profile, stacks: &str) -> io::Result<Vec<u8>> {
    let mut notes = vec![
        format!("{} samples", profile.samples),
        format!("{:.1} s", profile.seconds),
        format!("tokio {}", profile.tokio),
    ];
    notes.extend(profile.caveat());
    let title = format!("{}, {}", profile.case, label(&profile.strategy));
    picture(title, notes.join(", "), stacks.as_bytes())
}

/// The stacks of `after`, coloured by what became more (red) or less (blue) since `before`; both scaled to as many samples.
pub fn differential(before: (&Profile, &str), after: (&Profile, &str)) -> io::Result<Vec<u8>> {
    let ((one, before), (other, after)) = (before, after);
    let settings = differential::Options {
        normalize: true,
        strip_hex: false,
    };
    let mut both = Vec::new();
    differential::from_readers(settings, before.as_bytes(), after.as_bytes(), &mut both).map_err(io::Error::other)?;
    let [from, to] = [one, other].map(|profile| label(&profile.strategy));
    let title = format!("{}, from {from} to {to}", other.case);
    let subtitle = format!(
        "widths are {to}'s; red: a larger share of the samples than under {from}, blue: a smaller one; tokio {}",
        other.tokio
    );
    picture(title, subtitle, &both)
}

fn picture(title: String, subtitle: String, stacks: &[u8]) -> io::Result<Vec<u8>> {
    let mut options = Options::default();
    options.title = title;
    options.subtitle = Some(subtitle);
    options.count_name = "samples".into();
    // The same function has the same colour in each picture.
    options.hash = true;
    options.deterministic = true;
    let mut svg = Vec::new();
    flamegraph::from_reader(&mut options, stacks, &mut svg).map_err(io::Error::other)?;
    Ok(svg)
}
