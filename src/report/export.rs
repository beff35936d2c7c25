//! A run in the shapes that other tools read.

use serde_json::{Map, Value, json};

use crate::record::{Header, Measurement, Status};
use crate::stats::Estimate;

type Part = (Header, Vec<Measurement>);

/// Comma-separated values, one line a measurement, numbers as in the record; empty where there are none.
pub fn csv(parts: &[Part]) -> String {
    const COLUMNS: [&str; 34] = [
        "target",
        "case",
        "workload",
        "flavor",
        "site",
        "payload_bytes",
        "tasks",
        "strategy",
        "reference",
        "status",
        "reason",
        "flags",
        "wall_ns_median",
        "wall_ns_low",
        "wall_ns_high",
        "cpu_ns_median",
        "cpu_ns_low",
        "cpu_ns_high",
        "ratio_median",
        "ratio_low",
        "ratio_high",
        "level",
        "noise_floor",
        "verdict",
        "machinery_ns",
        "server_cpu_ns",
        "first_result_ns",
        "all_but_one_ns",
        "git",
        "rustc",
        "tokio",
        "cpu",
        "cores",
        "started",
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: &[String]| writer.write_record(fields).expect("memory takes every line");
    write(&COLUMNS.map(String::from));
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for (header, measurements) in parts {
        let environment = &header.environment;
        for m in measurements {
            let three = |estimate: Option<Estimate>| {
                [
                    estimate.map(|e| e.median),
                    estimate.map(|e| e.low),
                    estimate.map(|e| e.high),
                ]
                .map(number)
            };
            let median = |estimate: Option<Estimate>| number(estimate.map(|e| e.median));
            let mut fields = vec![
                header.target.clone(),
                m.case.to_string(),
                m.case.workload.clone(),
                m.case.flavor.to_string(),
                m.case.site.to_string(),
                m.case.payload.0.to_string(),
                m.case.tasks.to_string(),
                m.strategy.clone(),
                m.reference.clone(),
                status(m.status).to_owned(),
                m.reason.clone().unwrap_or_default(),
                m.flags.join(" "),
            ];
            fields.extend(three(m.wall_ns));
            fields.extend(three(m.cpu_ns));
            fields.extend(three(m.ratio));
            fields.extend([
                number(m.ratio.map(|ratio| ratio.level)),
                number(m.noise_floor),
                m.verdict.map_or(String::new(), |verdict| verdict.as_str().to_owned()),
                median(m.machinery_ns),
                median(m.server_cpu_ns),
                median(m.first_result_ns),
                median(m.all_but_one_ns),
                environment.git.clone().unwrap_or_default(),
                environment.rustc.clone(),
                environment.tokio.clone(),
                environment.cpu.clone().unwrap_or_default(),
                environment.cores.to_string(),
                header.started.clone(),
            ]);
            write(&fields);
        }
    }
    let bytes = writer.into_inner().expect("memory takes every line");
    String::from_utf8(bytes).expect("all fields are text")
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::Invalid => "invalid",
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
