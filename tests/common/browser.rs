//! A browser without a window.

use std::path::Path;
use std::process::{Command, Output};

const CHROMIUM: &str = "/usr/bin/chromium";

/// Whether there is a browser; says so where not.
pub fn has_browser() -> bool {
    let has = Path::new(CHROMIUM).exists();
    if !has {
        eprintln!("SKIPPED: there is no {CHROMIUM} to open pages in");
    }
    has
}

/// A page as the browser has it after its script ran, and what the browser complained of. `behind` follows its address:
/// `#…` or `?…`.
pub fn browse(file: &Path, behind: &str) -> (String, String) {
    let output = dump(file, behind, &["--virtual-time-budget=3000"]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn dump(file: &Path, behind: &str, flags: &[&str]) -> Output {
    let profile = tempfile::tempdir().unwrap();
    Command::new(CHROMIUM)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .args(flags)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{behind}", file.display()))
        .output()
        .unwrap()
}

/// The rules of WCAG, levels A and AA, by axe-core (MPL 2.0, unchanged; its licence lies beside it).
const AXE: &str = include_str!("../vendor/axe-core/axe.min.js");

/// Runs the audit and leaves its findings in the place of the page.
const AUDIT: &str = r#"
const levels = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
// Rows of a table are all alike, and hundreds of them take half a minute.
axe.run({ exclude: [['tbody tr:nth-child(n+25)']] }, { runOnly: { type: 'tag', values: levels } }).then(found => {
  const lines = found.violations.flatMap(rule => rule.nodes.slice(0, 3).map(node =>
    `${rule.id}: ${rule.help}: ${node.target.join(' ')}: ${node.html.slice(0, 160)}`));
  lines.push(`width ${document.documentElement.scrollWidth}`, `passed ${found.passes.length}`);
  const around = window.parent.document;
  const list = around.createElement('pre');
  list.id = 'audit';
  list.textContent = lines.join('\n');
  around.body.replaceChildren(list);
});
"#;

/// What an audit of a page found.
#[derive(Debug)]
pub struct Audit {
    /// What is not as it must be.
    pub violations: Vec<String>,
    /// How many rules it keeps: of none nothing was audited.
    pub passed: usize,
    /// How wide the page is: more than the window is a page that scrolls sideways.
    pub width: usize,
}

/// Audits a page in a window of that width.
pub fn audit(file: &Path, width: usize, dark: bool) -> Audit {
    let page = std::fs::read_to_string(file).unwrap();
    let (before, after) = page.rsplit_once("</body>").expect("a body");
    let scripts = format!("<script>{AXE}</script><script>{AUDIT}</script>");
    // In a frame, since a window has a least width that is more than a phone's.
    let within = format!("{before}{scripts}</body>{after}")
        .replace('&', "&amp;")
        .replace('"', "&quot;");
    let frame =
        format!("<!doctype html><html><body><iframe width=\"{width}\" height=\"900\" srcdoc=\"{within}\"></iframe>");
    let audited = file.with_extension(format!("{width}.audited.html"));
    std::fs::write(&audited, frame).unwrap();
    let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
    let size = format!("--window-size={},1000", width + 100);
    let output = dump(&audited, "", &["--virtual-time-budget=60000", &scheme, &size]);
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, found) = dom
        .split_once("<pre id=\"audit\">")
        .unwrap_or_else(|| panic!("no audit: {}", String::from_utf8_lossy(&output.stderr)));
    let mut audit = Audit {
        violations: Vec::new(),
        passed: 0,
        width: 0,
    };
    for line in found.split("</pre>").next().unwrap_or_default().lines() {
        match line.split_once(' ') {
            Some(("passed", number)) => audit.passed = number.parse().unwrap(),
            Some(("width", number)) => audit.width = number.parse().unwrap(),
            _ => audit.violations.push(line.to_owned()),
        }
    }
    audit
}
