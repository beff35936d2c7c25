//! A run in the shapes that other tools read.

use serde_json::{Map, Value, json};

use crate::record::{Measurement, Part, Status};
use crate::stats::Estimate;

/// The columns of the comma-separated values, and where each stands in the record.
const COLUMNS: [(&str, &str); 37] = [
    ("target", "/run/target"),
    ("case", "/case"),
    ("workload", "/workload"),
    ("flavor", "/flavor"),
    ("site", "/site"),
    ("payload_bytes", "/payload_bytes"),
    ("tasks", "/tasks"),
    ("strategy", "/strategy"),
    ("reference", "/reference"),
    ("status", "/status"),
    ("reason", "/reason"),
    ("flags", "/flags"),
    ("wall_ns_median", "/wall_ns/median"),
    ("wall_ns_low", "/wall_ns/low"),
    ("wall_ns_high", "/wall_ns/high"),
    ("cpu_ns_median", "/cpu_ns/median"),
    ("cpu_ns_low", "/cpu_ns/low"),
    ("cpu_ns_high", "/cpu_ns/high"),
    ("ratio_median", "/ratio/median"),
    ("ratio_low", "/ratio/low"),
    ("ratio_high", "/ratio/high"),
    ("level", "/ratio/level"),
    ("noise_floor", "/noise_floor"),
    ("verdict", "/verdict"),
    ("machinery_ns", "/machinery_ns/median"),
    ("server_cpu_ns", "/server_cpu_ns/median"),
    ("first_result_ns", "/first_result_ns/median"),
    ("all_but_one_ns", "/all_but_one_ns/median"),
    ("siblings_ns", "/siblings_ns/median"),
    ("parks", "/parks/median"),
    ("voluntary_switches", "/voluntary_switches/median"),
    ("git", "/run/git"),
    ("rustc", "/run/rustc"),
    ("tokio", "/run/tokio"),
    ("cpu", "/run/cpu"),
    ("cores", "/run/cores"),
    ("started", "/run/started"),
];

/// Comma-separated values, one line a measurement, numbers as in the record; empty where there are none.
pub fn csv(parts: &[Part]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: [String; COLUMNS.len()]| writer.write_record(fields).expect("memory takes every line");
    write(COLUMNS.map(|(name, _)| name.to_owned()));
    for (header, measurements) in parts {
        for m in measurements {
            let mut line = json!(m);
            line["run"] = json!(header);
            write(COLUMNS.map(|(_, place)| field(line.pointer(place))));
        }
    }
    let bytes = writer.into_inner().expect("memory takes every line");
    String::from_utf8(bytes).expect("all fields are text")
}

fn field(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            let words: Vec<String> = values.iter().map(|value| field(Some(value))).collect();
            words.join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// The record as one JSON document: an array of targets, each with its header and its measurements.
pub fn json(parts: &[Part]) -> Value {
    parts
        .iter()
        .map(|(header, measurements)| json!({ "run": header, "measurements": measurements }))
        .collect()
}

/// What github-action-benchmark reads as `customSmallerIsBetter`: an array of `name`, `unit`, `value`, `range`, `extra`.
/// The ratios come first: on a shared machine they are what can be compared from one run to the next.
pub fn github_action_benchmark(parts: &[Part]) -> Value {
    let ratios = measured(parts).filter(|m| !m.is_control()).filter_map(|m| {
        let reference = &m.reference;
        entry(m, " ratio", &format!("time over {reference}'s"), m.ratio?)
    });
    let times = measured(parts).filter_map(|m| entry(m, "", "ns/iteration", m.wall_ns?));
    ratios.chain(times).collect()
}

fn entry(m: &Measurement, what: &str, unit: &str, estimate: Estimate) -> Option<Value> {
    let half = (estimate.high - estimate.low) / 2.0;
    Some(json!({
        "name": format!("{}{what}", m.case.measurement_id(&m.strategy)),
        "unit": unit,
        "value": estimate.median,
        "range": format!("± {half}"),
        "extra": format!(
            "interval [{}, {}] at level {}; verdict {}",
            estimate.low,
            estimate.high,
            estimate.level,
            m.verdict.map_or("none", |verdict| verdict.as_str())
        ),
    }))
}

/// Bencher Metric Format: for each measurement `latency` in ns per iteration, and `ratio` where there is one.
pub fn bmf(parts: &[Part]) -> Value {
    let metric = |estimate: Estimate| {
        json!({
            "value": estimate.median,
            "lower_value": estimate.low,
            "upper_value": estimate.high,
        })
    };
    let of = |m: &Measurement| {
        let mut measures = Map::new();
        if let Some(wall) = m.wall_ns {
            measures.insert("latency".into(), metric(wall));
        }
        if let Some(ratio) = m.ratio.filter(|_| !m.is_control()) {
            measures.insert("ratio".into(), metric(ratio));
        }
        (m.case.measurement_id(&m.strategy), Value::Object(measures))
    };
    Value::Object(measured(parts).map(of).collect())
}

fn measured(parts: &[Part]) -> impl Iterator<Item = &Measurement> {
    let all = parts.iter().flat_map(|(_, measurements)| measurements);
    all.filter(|m| m.status == Status::Ok)
}
