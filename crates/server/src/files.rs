//! Connections are file descriptors, of which a process may have so many.

/// Files that a process has open beside its connections: a dozen, and room.
const OTHERS: u64 = 32;

/// Raises this process' limit as far as it may, and says whether so many connections fit into it.
pub fn make_room(connections: u64) -> Result<(), String> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            let _ = setrlimit(
                Resource::Nofile,
                Rlimit {
                    current: limit.maximum,
                    ..limit
                },
            );
        }
        if let Some(limit) = getrlimit(Resource::Nofile).current {
            fits(connections, limit)?;
        }
    }
    #[cfg(not(unix))]
    let _ = connections;
    Ok(())
}

fn fits(connections: u64, limit: u64) -> Result<(), String> {
    if connections + OTHERS > limit {
        return Err(format!(
            "{connections} connections do not fit into the limit of {limit} open files (ulimit -n), of which {OTHERS} are kept for \
             others; raise the limit, or set JVS_TASKS to fewer children"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_named_with_what_is_needed() {
        assert_eq!(fits(992, 1024), Ok(()));
        let said = fits(993, 1024).unwrap_err();
        assert!(
            said.contains("993 connections") && said.contains("1024 open files (ulimit -n)"),
            "{said}"
        );
    }
}
