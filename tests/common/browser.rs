//! A browser without a window.

use std::path::Path;
use std::process::Command;

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
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(CHROMIUM)
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
        .args(["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{behind}", file.display()))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
