//! `advise --ask`: the questions, one line each, and what their answers stand for as flags.

use std::io::{self, BufRead, Write};

/// The questions in the order in which they are asked: what an empty line means, which is `no` where yes and no are the answers,
/// and the flag that an answer becomes.
const QUESTIONS: [(&str, &str, &str); 15] = [
    ("Do children borrow from their parent?", "no", "--borrows"),
    (
        "Are they not Send (an Rc, a RefCell guard across an await)?",
        "no",
        "--not-send",
    ),
    ("Must they run on when their parent ends?", "no", "--detach"),
    ("Must they stop when the fan-out is dropped?", "no", "--stop"),
    ("Must a panic of one leave the others alone?", "no", "--contain-panics"),
    ("Should they compute on several cores at once?", "no", "--parallel"),
    ("Is their number known at run time only?", "no", "--run-time-count"),
    ("How many children?", "8", "--tasks"),
    ("At most how many at once? (a number, or all)", "all", "--bound"),
    (
        "How are they woken: never, together, separate, in_turn?",
        "together",
        "--wakes",
    ),
    ("CPU time of each child's work? (0ns, 2us, 1ms)", "0ns", "--work"),
    ("How long do they wait, all at once? (0ns, 20ms)", "0ns", "--wait"),
    ("Bytes that each carries? (0B, 1KiB)", "0B", "--payload"),
    (
        "Runtime: current_thread, local, multi_thread_K?",
        "current_thread",
        "--flavor",
    ),
    (
        "Where: worker (in a spawned task), block_on (directly in main)?",
        "worker",
        "--site",
    ),
];

/// Asks on `to`, reads answers from `from`, and returns them as flags. `check` says what is wrong with a flag and its value; then
/// the question comes again. `None` where the input ends before the last question.
pub fn ask(
    mut from: impl BufRead,
    mut to: impl Write,
    check: impl Fn(&[String]) -> Result<(), String>,
) -> io::Result<Option<Vec<String>>> {
    let mut flags: Vec<String> = Vec::new();
    for (question, usual, flag) in QUESTIONS {
        loop {
            write!(to, "{question} [{usual}] ")?;
            to.flush()?;
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                writeln!(to)?;
                return Ok(None);
            }
            let answer = match line.trim() {
                "" => usual,
                answer => answer,
            };
            let given: Vec<String> = match (usual == "no", answer) {
                (true, "no" | "n") => Vec::new(),
                // Without a bound there is no flag.
                (false, "all") if usual == "all" => Vec::new(),
                (true, "yes" | "y") => vec![flag.to_owned()],
                (true, _) => {
                    writeln!(to, "  {answer}: yes or no")?;
                    continue;
                }
                (false, answer) => vec![format!("{flag}={answer}")],
            };
            match check(&given) {
                Ok(()) => {
                    flags.extend(given);
                    break;
                }
                Err(wrong) => writeln!(to, "  {wrong}")?,
            }
        }
    }
    Ok(Some(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> (Option<Vec<String>>, String) {
        let mut said = Vec::new();
        let check = |given: &[String]| match given.first().map(String::as_str) {
            Some(tasks @ ("--tasks=many" | "--tasks=all")) => Err(format!("{tasks}: a number")),
            _ => Ok(()),
        };
        let flags = ask(input.as_bytes(), &mut said, check).expect("a buffer can be written");
        (flags, String::from_utf8_lossy(&said).into_owned())
    }

    #[test]
    fn answers_become_flags_and_a_wrong_one_is_asked_again() {
        let (flags, said) = answers("yes\nmaybe\n\n\n\n\n\n\nmany\nall\n40\n16\nseparate\n\n\n\n\n\n");
        let flags = flags.expect("all were answered");
        assert_eq!(
            &flags[..4],
            ["--borrows", "--tasks=40", "--bound=16", "--wakes=separate"]
        );
        assert!(flags.contains(&"--flavor=current_thread".to_owned()), "{flags:?}");
        for wrong in ["maybe: yes or no", "--tasks=many: a number", "--tasks=all: a number"] {
            assert!(said.contains(wrong), "{said}");
        }
        let (flags, _) = answers(&"\n".repeat(15));
        assert!(!flags.expect("all were answered").contains(&"--bound=all".to_owned()));
    }

    #[test]
    fn an_input_that_ends_early_is_no_answer() {
        assert_eq!(answers("yes\n").0, None);
    }
}
