//! `selfcheck`: the suite measured against itself.

use std::process::ExitCode;

use super::{Format, bad_input, not_measured};
use crate::matrix::targets;
use crate::{selfcheck, session};

pub(super) fn run(format: Format) -> ExitCode {
    let selection = match session::selection(&targets()) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let found = match selfcheck::handwritten(&selection) {
        Ok(found) => found,
        Err(error) => return not_measured(&error),
    };
    match format {
        Format::Text => print!("{}", found.render()),
        Format::Json => println!("{}", serde_json::json!(found)),
    }
    ExitCode::from(if found.held { 0 } else { 1 })
}
