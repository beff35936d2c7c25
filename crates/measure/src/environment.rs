//! What machine this was, and what build.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What a program was built from, compiled into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The compiler.
    pub rustc: String,
    /// The version of tokio in the build's lock file.
    pub tokio: String,
    /// The version of Criterion in it; `unknown` where it has none.
    pub criterion: String,
    /// Cargo's profile.
    pub profile: String,
    /// Whether frame pointers were forced.
    pub frame_pointers: bool,
}

impl Built {
    /// Of this program.
    pub fn here() -> Self {
        Self {
            rustc: env!("BUILT_WITH_RUSTC").to_owned(),
            tokio: env!("BUILT_WITH_TOKIO").to_owned(),
            criterion: env!("BUILT_WITH_CRITERION").to_owned(),
            profile: timed::PROFILE.to_owned(),
            frame_pointers: env!("BUILT_WITH_FRAME_POINTERS") == "true",
        }
    }
}

/// Machine, build and moment, as far as they can be found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Revision of the suite; ends in `-dirty` where the work tree differs from it.
    pub git: Option<String>,
    /// What the program was built from. In records its fields stand here, beside the others.
    #[serde(flatten)]
    pub built: Built,
    /// The processor's name.
    pub cpu: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Cores' worth of CPU time that the control group allows; null where there is no limit.
    pub quota: Option<f64>,
    /// Operating system and its version.
    pub kernel: Option<String>,
    /// The governor of the clock speed.
    pub governor: Option<String>,
    /// Runnable threads over the last minute, when the run began.
    pub load: Option<f64>,
}

impl Environment {
    /// Looks around.
    pub fn here() -> Self {
        Self::of(Built::here())
    }

    /// The same of another build, which runs here.
    pub fn of(built: Built) -> Self {
        Self {
            git: git(),
            built,
            cpu: cpu(),
            cores: cores(),
            quota: quota(),
            kernel: kernel(),
            governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            load: read("/proc/loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }

    /// The quota, for a reader.
    pub(crate) fn quota_in_words(&self) -> String {
        self.quota.map_or("none".to_owned(), |cores| format!("{cores} cores"))
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Cores of the machine, of which this process may use fewer.
pub(crate) fn machine_cores() -> usize {
    let text = read("/proc/stat").unwrap_or_default();
    let core = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    text.lines().filter(core).count().max(1)
}

/// Resident memory of a process, in bytes; `None` where `/proc` does not tell.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// The folder of the package: cargo tells it to what it runs; else the current one.
pub fn package_folder() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), Into::into)
}

/// The folder that cargo builds into, as it says where it runs this.
pub fn target_folder() -> std::path::PathBuf {
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return target.into();
    }
    let asked = || {
        let output = Command::new(std::env::var_os("CARGO")?)
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(package_folder())
            .output()
            .ok()?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(metadata.get("target_directory")?.as_str()?.into())
    };
    asked().unwrap_or_else(|| package_folder().join("target"))
}

pub(crate) fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new(path)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn git() -> Option<String> {
    let run = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(package_folder())
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let revision = run(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = run(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() {
        revision
    } else {
        format!("{revision}-dirty")
    })
}

fn cpu() -> Option<String> {
    let info = read("/proc/cpuinfo")?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The least quota of the control groups that this process is in, from its own up to the root, of either version.
fn quota() -> Option<f64> {
    let groups = read("/proc/self/cgroup")?;
    let limits = groups.lines().filter_map(group).flat_map(|(root, own)| {
        let own = Path::new(&own).ancestors().map(Path::to_owned);
        let folders: Vec<_> = own
            .map(|group| Path::new(root).join(group.strip_prefix("/").unwrap_or(&group)))
            .collect();
        folders.into_iter().filter_map(|folder| limit(&folder))
    });
    limits.reduce(f64::min)
}

/// Where the CPU time of a line of `/proc/self/cgroup` (cgroups(7)) is limited, and the group's path below; `None` where the
/// line is of something else.
fn group(line: &str) -> Option<(&'static str, String)> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let root = match controllers {
        "" => "/sys/fs/cgroup",
        list if list.split(',').any(|controller| controller == "cpu") => "/sys/fs/cgroup/cpu",
        _ => return None,
    };
    Some((root, path.to_owned()))
}

/// Cores' worth of CPU time that one control group allows; `None` where it sets no limit.
fn limit(folder: &Path) -> Option<f64> {
    let file = |name: &str| read(folder.join(name).to_str()?);
    let first = file("cpu.cfs_quota_us")
        .zip(file("cpu.cfs_period_us"))
        .map(|(quota, period)| format!("{quota} {period}"));
    let text = file("cpu.max").or(first)?;
    let (quota, period) = text.split_once(' ')?;
    let cores = quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?;
    // The first version says -1 for no limit, the second `max`.
    (cores > 0.0).then_some(cores)
}

fn kernel() -> Option<String> {
    Some(format!(
        "{} {}",
        read("/proc/sys/kernel/ostype")?,
        read("/proc/sys/kernel/osrelease")?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_in_either_version() {
        let group = |line| group(line).map(|(root, path)| format!("{root}{path}"));
        assert_eq!(group("0::/a/b").as_deref(), Some("/sys/fs/cgroup/a/b"));
        assert_eq!(group("4:cpu,cpuacct:/a").as_deref(), Some("/sys/fs/cgroup/cpu/a"));
        assert_eq!(group("5:cpuset:/a"), None);
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        assert_eq!(limit(folder.path()), None);
        file("cpu.cfs_quota_us", "-1\n").expect("a file");
        file("cpu.cfs_period_us", "100000\n").expect("a file");
        assert_eq!(limit(folder.path()), None);
        file("cpu.cfs_quota_us", "150000\n").expect("a file");
        assert_eq!(limit(folder.path()), Some(1.5));
        file("cpu.max", "max 100000\n").expect("a file");
        assert_eq!(limit(folder.path()), None);
        file("cpu.max", "250000 100000\n").expect("a file");
        assert_eq!(limit(folder.path()), Some(2.5));
    }

    #[test]
    fn the_versions_are_those_of_the_lock_file() {
        let Environment { built, cores, .. } = Environment::here();
        assert!(built.tokio.starts_with("1."), "{}", built.tokio);
        assert!(built.criterion.starts_with("0.8."), "{}", built.criterion);
        assert!(built.rustc.starts_with("rustc 1."), "{}", built.rustc);
        assert!(cores > 0);
    }
    #[test]
    fn a_record_has_the_fields_of_the_build_among_the_others_in_this_order() {
        // A record's checksum is of the text.
        let text = concat!(
            r#"{"git":"1234567890ab","rustc":"rustc 1.95.0","tokio":"1.54.1","criterion":"0.8.2","profile":"release","#,
            r#""frame_pointers":false,"cpu":"A processor","cores":2,"quota":1.5,"kernel":null,"governor":null,"load":0.1}"#
        );
        let environment: Environment = serde_json::from_str(text).expect("an environment");
        assert_eq!(serde_json::to_string(&environment).expect("plain data"), text);
    }
}
