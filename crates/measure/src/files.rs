//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Puts `bytes` in the place of the file, by a temporary file beside it and a rename: whoever reads meanwhile sees the
/// old file or the new one, and a kill leaves the old one.
///
/// # Errors
///
/// Where the temporary file cannot be written or renamed; the old file is as it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder);
    // Without the temporary file's name, which nobody knows who asked for this one.
    let mut file = temporary.map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        // A temporary file is private; what replaces a file is not.
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|persist| persist.error)?;
    Ok(())
}
