//! Records: what is written is read back, and what is wrong is told with file and line.

use std::fs;
use std::path::PathBuf;

use join_vs_spawn::case::Case;
use join_vs_spawn::record::{Folder, Header, Measurement, PartialLine, read};
use join_vs_spawn::stats::{Estimate, Verdict};

use crate::common::header;

fn measurement(tasks: usize) -> Measurement {
    let case: Case = format!("yield/multi_thread_2/worker/0B/{tasks}").parse().unwrap();
    let estimate = |median: f64| {
        Some(Estimate {
            median,
            low: median * 0.9,
            high: median * 1.1,
            level: 0.978_515_625,
        })
    };
    Measurement {
        wall_ns: estimate(0.1 + 0.2),
        cpu_ns: estimate(1e9 / 3.0),
        ratio: estimate(5.5),
        noise_floor: Some(0.004),
        verdict: Some(Verdict::Slower),
        rounds: vec![vec![0.1, -1e-17], vec![f64::MIN_POSITIVE]],
        // The last two are read one unit in the last place off unless the parser rounds correctly.
        block_ns: vec![vec![1.0, 2.0], vec![1e300, 0.9970541970711101, 2516.3362673926194]],
        ..Measurement::without_numbers(&case, "spawn", "join")
    }
}

struct Written {
    folder: tempfile::TempDir,
    /// The one that was written: another one has the load of another moment.
    header: Header,
}

impl Written {
    fn new(measurements: &[Measurement]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let header = header();
        Folder::take(folder.path(), "overhead")
            .unwrap()
            .finish(&header, measurements)
            .unwrap();
        Self { folder, header }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("overhead.jsonl")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// What reading says after the text was changed.
    fn complains_of(&self, text: &str) -> String {
        fs::write(self.path(), text).unwrap();
        read(&self.path()).unwrap_err().to_string()
    }
}

#[test]
fn what_is_written_is_read_back() {
    let measurements = [
        measurement(8),
        measurement(16),
        Measurement::failed(&measurement(32).case, "spawn", "join", "its process died"),
    ];
    let written = Written::new(&measurements);
    let (mut read_header, read_measurements) = read(&written.path()).unwrap();
    assert_eq!(read_header.checksum.len(), 16);
    read_header.checksum.clear();
    assert_eq!(read_header, written.header);
    assert_eq!(read_measurements, measurements);
}

#[test]
fn lines_have_the_fields_of_the_design() {
    let written = Written::new(&[measurement(8)]);
    let text = written.text();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["kind"], "run");
    for field in "schema target matrix complete started seconds command git rustc tokio criterion profile \
                  frame_pointers cpu cores quota kernel governor load rounds seed filter layouts states cut \
                  minutes checksum"
        .split(' ')
        .filter(|field| !field.is_empty())
    {
        assert!(lines[0].get(field).is_some(), "{field}");
    }
    let line = &lines[1];
    assert_eq!(line["kind"], "measurement");
    assert_eq!(line["case"], "yield/multi_thread_2/worker/0B/8");
    assert_eq!(line["workload"], "yield");
    assert_eq!(line["flavor"], "multi_thread_2");
    assert_eq!(line["site"], "worker");
    assert_eq!(line["payload_bytes"], 0);
    assert_eq!(line["tasks"], 8);
    assert_eq!(
        (&line["strategy"], &line["reference"]),
        (&"spawn".into(), &"join".into())
    );
    assert_eq!((&line["status"], &line["verdict"]), (&"ok".into(), &"slower".into()));
    assert!(line["reason"].is_null() && line["flags"].is_array());
    assert_eq!(line["ratio"]["level"], 0.978_515_625);
    assert!(line["wall_ns"]["low"].is_f64() && line["cpu_ns"]["high"].is_f64());
    assert_eq!(line["noise_floor"], 0.004);
    assert!(line["rounds"][0][0].is_f64() && line["block_ns"][1][0].is_f64());
}

#[test]
fn wrong_records_are_told_with_file_and_line() {
    let written = Written::new(&[measurement(8), measurement(16)]);
    let text = written.text();
    let at = |line: usize| format!("overhead.jsonl:{line}: ");

    let error = written.complains_of(&text[..text.len() - 1]);
    assert!(error.contains(&at(3)) && error.contains("cut off"), "{error}");
    let error = written.complains_of(&text[..text.len() - 20]);
    assert!(error.contains(&at(3)), "{error}");
    let error = written.complains_of(&text.replace("\"schema\":2", "\"schema\":1"));
    assert!(
        error.contains(&at(1)) && error.contains("schema 1") && error.contains("reads schema 2"),
        "{error}"
    );
    // A digit, and a header of another run.
    let error = written.complains_of(&text.replacen("0.004", "0.003", 1));
    assert!(error.contains(&at(1)) && error.contains("checksum"), "{error}");
    let error = written.complains_of(&text.replacen("\"rounds\":10", "\"rounds\":12", 1));
    assert!(error.contains("checksum"), "{error}");
    let error = written.complains_of(&text.replacen("0.004", "NaN", 2));
    assert!(error.contains(&at(2)), "{error}");
    let error = written.complains_of(&text.replace("0B/16", "0B/8").replace("\"tasks\":16", "\"tasks\":8"));
    assert!(error.contains(&at(3)) && error.contains("twice"), "{error}");
    let error = written.complains_of(&text.replace("worker/0B/8", "worker/../8"));
    assert!(error.contains(&at(2)), "{error}");
    let error = written.complains_of("");
    assert!(error.contains(&at(1)) && error.contains("empty"), "{error}");
    let headless: String = text.split_inclusive('\n').skip(1).collect();
    let error = written.complains_of(&headless);
    assert!(error.contains(&at(1)), "{error}");
    let twice = text.clone() + text.lines().next().unwrap() + "\n";
    let error = written.complains_of(&twice);
    assert!(error.contains(&at(4)) && error.contains("second header"), "{error}");
    fs::remove_file(written.path()).unwrap();
    let error = read(&written.path()).unwrap_err().to_string();
    assert!(error.contains("overhead.jsonl: "), "{error}");
}

#[test]
fn a_record_is_replaced_whole_and_the_partial_one_goes() {
    let written = Written::new(&[measurement(8)]);
    let folder = Folder::take(written.folder.path(), "overhead").unwrap();
    let mut stream = folder.stream(false).unwrap();
    stream.write(&PartialLine::Run(Box::new(header()))).unwrap();
    assert_eq!(
        read(&written.path()).unwrap().1.len(),
        1,
        "untouched while the next run lasts"
    );
    folder.finish(&header(), &[measurement(8), measurement(16)]).unwrap();
    assert_eq!(read(&written.path()).unwrap().1.len(), 2);
    assert!(!folder.partial().exists());
    let files = fs::read_dir(written.folder.path()).unwrap().count();
    assert_eq!(files, 2, "the record and the lock");
}

#[test]
fn a_line_that_a_kill_cut_off_inside_a_character_is_dropped() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::take(place.path(), "overhead").unwrap();
    let mut stream = folder.stream(false).unwrap();
    let line = PartialLine::Run(Box::new(header()));
    stream.write(&line).unwrap();
    let whole = fs::read(folder.partial()).unwrap();
    let cut_off = [whole.as_slice(), b"{\"kind\":\"failed\",\"reason\":\"\xc3"].concat();
    fs::write(folder.partial(), cut_off).unwrap();
    assert_eq!(folder.cut_short().unwrap(), Some(vec![line]));
    assert_eq!(fs::read(folder.partial()).unwrap(), whole);
}

#[test]
fn a_folder_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Folder::take(folder.path(), "overhead").unwrap();
    let error = Folder::take(folder.path(), "overhead").unwrap_err().to_string();
    assert!(error.contains("another run"), "{error}");
    assert!(Folder::take(folder.path(), "compute").is_ok());
    drop(first);
    assert!(Folder::take(folder.path(), "overhead").is_ok());
}

#[test]
fn what_is_read_is_not_replaced_and_reading_leaves_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Folder::hold(folder.path(), "overhead").unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let writes = Folder::take(folder.path(), "overhead").unwrap();
    let error = Folder::hold(folder.path(), "overhead").unwrap_err().to_string();
    assert!(error.contains("another run"), "{error}");
    drop(writes);
    let held = [(); 2].map(|()| Folder::hold(folder.path(), "overhead").unwrap());
    assert!(Folder::take(folder.path(), "overhead").is_err());
    drop(held);
    assert!(Folder::take(folder.path(), "overhead").is_ok());
}
