//! `advise --ask`: the questions, one line each, and what their answers stand for as flags.

use std::io::{self, BufRead, Write};

/// A question of the dialogue, in the order in which they are asked.
struct Asked {
    question: &'static str,
    /// What an empty line means.
    usual: &'static str,
    /// The flag that an answer becomes; of a yes or no, the flag of a yes.
    flag: &'static str,
    yes_or_no: bool,
}

const fn value(question: &'static str, usual: &'static str, flag: &'static str) -> Asked {
    Asked {
        question,
        usual,
        flag,
        yes_or_no: false,
    }
}

const fn yes_or_no(question: &'static str, flag: &'static str) -> Asked {
    Asked {
        question,
        usual: "no",
        flag,
        yes_or_no: true,
    }
}

const QUESTIONS: [Asked; 15] = [
    yes_or_no("Do children borrow from their parent?", "--borrows"),
    yes_or_no(
        "Are they not Send (an Rc, a RefCell guard across an await)?",
        "--not-send",
    ),
    yes_or_no("Must they run on when their parent ends?", "--detach"),
    yes_or_no("Must they stop when the fan-out is dropped?", "--stop"),
    yes_or_no("Must a panic of one leave the others alone?", "--contain-panics"),
    yes_or_no("Should they compute on several cores at once?", "--parallel"),
    yes_or_no("Is their number known at run time only?", "--run-time-count"),
    value("How many children?", "8", "--tasks"),
    value("At most how many at once? (a number, or all)", "all", "--bound"),
    value(
        "How are they woken: never, together, separate, in_turn?",
        "together",
        "--wakes",
    ),
    value("CPU time of each child's work? (0ns, 2us, 1ms)", "0ns", "--work"),
    value("How long do they wait, all at once? (0ns, 20ms)", "0ns", "--wait"),
    value("Bytes that each carries? (0B, 1KiB)", "0B", "--payload"),
    value(
        "Runtime: current_thread, local, multi_thread_K?",
        "current_thread",
        "--flavor",
    ),
    value(
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
    for asked in QUESTIONS {
        loop {
            write!(to, "{} [{}] ", asked.question, asked.usual)?;
            to.flush()?;
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                writeln!(to)?;
                return Ok(None);
            }
            let answer = match line.trim() {
                "" => asked.usual,
                answer => answer,
            };
            let given: Vec<String> = match (asked.yes_or_no, answer) {
                (true, "no" | "n") => Vec::new(),
                // Without a bound there is no flag.
                (false, "all") if asked.usual == "all" => Vec::new(),
                (true, "yes" | "y") => vec![asked.flag.to_owned()],
                (true, _) => {
                    writeln!(to, "  {answer}: yes or no")?;
                    continue;
                }
                (false, answer) => vec![format!("{}={answer}", asked.flag)],
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
