use super::*;
use crate::selfcheck::bars::Bar;
use crate::selfcheck::cases::Injection;

fn measured(id: &str, strategy: &str, reference: &str, ratio: [f64; 3], floor: f64) -> Measurement {
    let case: Case = id.parse().unwrap();
    let [low, median, high] = ratio;
    let ratio = Estimate {
        median,
        low,
        high,
        level: 0.979,
    };
    Measurement {
        ratio: Some(ratio),
        reference_ns: Some(Estimate {
            median: 1000.0,
            ..ratio
        }),
        noise_floor: Some(floor),
        verdict: Some(crate::stats::judge(&ratio, floor)),
        ..Measurement::without_numbers(&case, strategy, reference)
    }
}

const ID: &str = "yield/current_thread/worker/0B/8";

fn held(bars: &[Bar], what: &str) -> Option<bool> {
    bars.iter().find(|bar| bar.what.contains(what)).unwrap().held
}

#[test]
fn controls_that_stray_are_counted() {
    let control = |ratio| measured(ID, "join", "join", ratio, 0.0);
    let mut rows = vec![control([0.999, 1.0, 1.001]); 98];
    rows.push(control([1.0005, 1.001, 1.002]));
    rows.push(measured(ID, "join_copy", "join", [1.02, 1.03, 1.04], 0.0));
    let bars = same_code(&[rows.clone()], 1.0 / 300.0);
    assert_eq!(bars[0].counted, Some((1, 99)));
    assert_eq!(held(&bars, "exclude 1"), Some(true));
    assert_eq!(bars[4].counted, Some((1, 1)), "copies are counted by themselves");
    assert_eq!(bars[5].held, Some(false));
    rows.push(control([1.02, 1.03, 1.04]));
    let bars = same_code(&[rows.clone()], 1.0 / 300.0);
    assert_eq!(held(&bars, "beyond"), Some(false));
    assert_eq!(suspects(&[rows]).len(), 1);
    // Noise has either sign; a bias has the same one each time.
    let repetition = |ratio| vec![control([0.9, ratio, 1.1]); 9];
    let bars = same_code(&[repetition(1.002), repetition(0.998)], 0.1);
    assert_eq!(held(&bars, "without noise"), Some(true));
    let bars = same_code(&[repetition(0.998), repetition(0.998)], 0.1);
    assert_eq!(held(&bars, "without noise"), Some(false));
}

#[test]
fn an_effect_is_compared_with_the_delay_alone() {
    let injections = [Injection {
        case: ID.parse().unwrap(),
        lengths: [10, 25, 100, 500],
    }];
    let row = |strategy: &str, ratio| measured(ID, strategy, "join+0", ratio, 0.005);
    let rows = |slow: f64| {
        vec![
            row("chain+10", [0.02; 3]),
            row("chain+500", [1.0; 3]),
            row("join+10", [1.018, 1.02, 1.022]),
            row("join+25", [1.048, 1.05, 1.052]),
            row("join+100", [1.198, 1.2, 1.202]),
            row("join+500", [slow - 0.01, slow, slow + 0.01]),
        ]
    };
    let bars = injected(&[rows(2.0)], &injections);
    assert!(bars.iter().all(|bar| bar.held != Some(false)), "{bars:?}");
    // The chain of 100 is worth 0.02 + 90/490 of 0.98, or 20%.
    let smallest = bars.last().unwrap().figure.unwrap();
    assert!((0.010..0.025).contains(&smallest), "{smallest}");
    let bars = injected(&[rows(1.8)], &injections);
    assert_eq!(held(&bars, "+100%: median error"), Some(false));
    let bars = injected(&[rows(0.9)], &injections);
    assert_eq!(held(&bars, "+100%: called slower"), Some(false));
    assert_eq!(held(&bars, "called faster"), Some(false));
}

#[test]
fn swapped_labels_mirror_the_verdict() {
    let rows = |back: [f64; 3]| {
        vec![
            measured(ID, "spawn", "join", [1.9, 2.0, 2.1], 0.0),
            measured(ID, "join", "spawn", back, 0.0),
        ]
    };
    let mirrored = rows([0.49, 0.5, 0.51]);
    let good = antisymmetry(&[mirrored.clone(), mirrored]);
    assert!(good.iter().all(|bar| bar.held != Some(false)), "{good:?}");
    let twice = rows([1.9, 2.0, 2.1]);
    let bad = antisymmetry(&[twice.clone(), twice]);
    assert_eq!(bad.iter().filter(|bar| bar.held == Some(false)).count(), 4, "{bad:?}");
}

#[test]
fn repetitions_that_miss_each_other_are_counted() {
    let rows = |ratio| vec![measured(ID, "spawn", "join", ratio, 0.0)];
    let (near, far) = (rows([1.9, 2.0, 2.1]), rows([2.2, 2.3, 2.4]));
    let good = honest(&[near.clone(), near.clone()]);
    assert_eq!(good[0].held, Some(true));
    let bad = honest(&[near, far]);
    assert_eq!((bad[0].held, bad[1].held), (Some(false), Some(false)));
}

#[test]
fn a_busy_machine_may_not_make_differences() {
    let row = |strategy: &str, ratio| measured(ID, strategy, "join+0", ratio, 0.0);
    let quiet = vec![vec![
        row("join+0", [0.999, 1.0, 1.001]),
        row("join+9", [1.19, 1.2, 1.21]),
    ]];
    let loud = [row("join+0", [0.98, 1.0, 1.03]), row("join+9", [1.1, 1.2, 1.3])];
    let good = busy("b", &loud, &quiet);
    assert!(good.iter().all(|bar| bar.held != Some(false)), "{good:?}");
    let loud = [row("join+0", [1.02, 1.03, 1.0301]), row("join+9", [0.8, 0.81, 0.811])];
    let bad = busy("b", &loud, &quiet);
    assert_eq!(bad.iter().filter(|bar| bar.held == Some(false)).count(), 2, "{bad:?}");
}

#[test]
fn a_cell_far_from_its_hand_written_loop_is_named() {
    let row = |ratio| measured(ID, "hand_join", "join", ratio, 0.0);
    let (bars, far) = hand_written(&[vec![row([0.99, 1.0, 1.01])]]);
    assert!(bars.iter().all(|bar| bar.held == Some(true)) && far.is_empty());
    let (bars, far) = hand_written(&[vec![row([0.7, 0.8, 0.9])]]);
    assert!(bars.iter().all(|bar| bar.held == Some(false)));
    assert!(far[0].contains("worker/0B/join/8"), "{far:?}");
}
