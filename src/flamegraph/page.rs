//! The page about two profiles of a case: four pictures beside each other, and what differs, in words.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::shares::{differences, modules};
use super::{Profile, draw};
use crate::text::{label, percent};

/// Functions, and modules, that are named.
const MOST: usize = 10;

/// A picture: its file's name, its title, its SVG.
pub type Picture = (String, String, Vec<u8>);

/// The four pictures of two profiles, which each come with their stacks: both, and what differs, in either direction.
pub fn pictures(a: (&Profile, &str), b: (&Profile, &str)) -> std::io::Result<[Picture; 4]> {
    let names = [a, b].map(|(profile, _)| profile.strategy.as_str());
    let alone = |(profile, stacks): (&Profile, &str)| -> std::io::Result<Picture> {
        let name = &profile.strategy;
        let svg = draw::flamegraph(profile, stacks)?;
        Ok((format!("{name}.svg"), label(name).to_owned(), svg))
    };
    let difference = |from, to, [one, other]: [&str; 2]| -> std::io::Result<Picture> {
        let title = format!("from {} to {}", label(one), label(other));
        let svg = draw::differential(from, to)?;
        Ok((format!("{one}-to-{other}.svg"), title, svg))
    };
    let [one, other] = names;
    Ok([
        alone(a)?,
        alone(b)?,
        difference(a, b, [one, other])?,
        difference(b, a, [other, one])?,
    ])
}

/// The page; the pictures are in it.
pub fn page(a: (&Profile, &str), b: (&Profile, &str), pictures: &[Picture; 4]) -> String {
    let (one, other) = (a.0, b.0);
    let [from, to] = [one, other].map(|profile| label(&profile.strategy));
    let caveats = [one, other].map(Profile::caveat);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (one.case) ": " (from) " and " (to) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (one.case) }
                p {
                    "Where " (from) " and " (to) " spend CPU time. tokio " (one.tokio) "; "
                    (one.samples) " and " (other.samples) " samples in " (seconds(one)) " and " (seconds(other)) " s, of which "
                    (whole(one)) " and " (whole(other)) " have their whole stack."
                }
                @for (profile, caveat) in [one, other].into_iter().zip(caveats) {
                    @if let Some(caveat) = caveat { p.caveat { (label(&profile.strategy)) ": " (caveat) "." } }
                }
                (table(
                    "The ten modules with most samples: that of the innermost function on each stack, outside of the standard library",
                    ["module", from, to, "difference"],
                    modules([a.1, b.1], MOST),
                ))
                (table(
                    "The ten functions whose shares differ most: samples in which the function itself was running",
                    ["function", from, to, "difference"],
                    differences([a.1, b.1], MOST),
                ))
                p {
                    "Click a frame to zoom, and search with Ctrl-F or at the top right of a picture. In the lower two, widths \
                    are those of the second strategy, and colours the change of a frame's share."
                }
                div.pictures {
                    @for (file, title, svg) in pictures {
                        figure {
                            figcaption { (title) " (" a href=(file) { (file) } ")" }
                            iframe title=(title) src={ "data:image/svg+xml," (encoded(svg)) } {}
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The same tables as text.
pub fn text(a: (&Profile, &str), b: (&Profile, &str)) -> String {
    use std::fmt::Write;
    let [from, to] = [a, b].map(|(profile, _)| label(&profile.strategy));
    let mut text = format!("{}\n", a.0.case);
    let mut line = |name: &str, a: &str, b: &str, difference: &str| {
        let _ = writeln!(text, "  {name:64} {a:>8} {b:>8} {difference:>9}");
    };
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    line("share of the samples", from, to, "points");
    for (name, [a, b]) in modules([a.1, b.1], MOST) {
        line(&name, &percent(a), &percent(b), &points(b - a));
    }
    for profile in [a.0, b.0] {
        if let Some(caveat) = profile.caveat() {
            let _ = writeln!(text, "  {}: {caveat}", label(&profile.strategy));
        }
    }
    text
}

fn seconds(profile: &Profile) -> String {
    format!("{:.1}", profile.seconds)
}

fn whole(profile: &Profile) -> String {
    percent(profile.whole as f64 / profile.samples as f64)
}

/// A difference of shares, in percentage points.
fn points(difference: f64) -> String {
    format!("{:+.1}", difference * 100.0)
}

fn table(caption: &str, head: [&str; 4], rows: Vec<(String, [f64; 2])>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody {
                    @for (name, [a, b]) in rows {
                        tr { th scope="row" { (name) } @for number in [percent(a), percent(b), points(b - a)] { td { (number) } } }
                    }
                }
            }
        }
    }
}

/// A picture as it may stand in a URL. There its script may not note in the address where it was zoomed to, so that it does
/// not try: what is in the brackets is all that it does then.
fn encoded(svg: &[u8]) -> String {
    use std::fmt::Write;
    let svg = String::from_utf8_lossy(svg).replace("history.replaceState(", "void (");
    let bytes = svg.as_bytes();
    let mut text = String::with_capacity(bytes.len() * 5 / 4);
    for &byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b" -_.!~*'()=/:,;?@$&+[]{}|^`".contains(&byte);
        if plain {
            text.push(byte as char);
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
.caveat { border-inline-start: .25rem solid #c60; padding-inline-start: .75rem; }
.scroll { overflow-x: auto; margin-block: 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: start; font-weight: 600; padding-block-end: .25rem; }
th, td { padding: .15rem .75rem .15rem 0; text-align: start; border-block-end: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
tbody th { font-weight: 400; overflow-wrap: anywhere; }
td, thead th:not(:first-child) { text-align: end; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 44rem), 1fr)); gap: 1rem; }
figure { margin: 0; }
iframe { border: 0; width: 100%; height: 34rem; background: #eee; }
";
