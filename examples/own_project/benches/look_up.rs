//! join! or spawn for a fan-out of look-ups? `cargo bench --bench look_up`.

use own_project::look_up;

fn main() -> std::process::ExitCode {
    measure::children("look_up", look_up)
}
