//! The folder that a run writes to: its lock, the partial file and the record that takes its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{
    Header, Measurement, PartialLine, RecordError, io_error, not_a_line, read::check_schema, to_line, to_text,
};
use crate::files;

/// The folder that a run writes to, and the files in it.
#[derive(Debug)]
pub struct Folder {
    record: PathBuf,
    partial: PathBuf,
    /// Held while the run lasts.
    _lock: Lock,
}

/// What is wrong with a folder that another run holds.
const BUSY: &str = "another run is writing here; wait for its end, or set JVS_RESULTS to another folder";

/// A lock file, held until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, were it not for a process that another thread is just starting, which holds a copy
        // of the file until it becomes its own program.
        let _ = self.0.unlock();
    }
}

impl Lock {
    fn path(folder: &Path, target: &str) -> PathBuf {
        folder.join(format!("{target}.lock"))
    }

    /// Holds `file` at `path`, which `tried` to lock.
    fn held(file: File, path: PathBuf, tried: Result<(), fs::TryLockError>) -> Result<Self, RecordError> {
        match tried {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(RecordError::of(&path, BUSY)),
            Err(fs::TryLockError::Error(error)) => Err(io_error(&path)(error)),
        }
    }
}

impl Folder {
    /// Takes the place of `target` in `folder` for one run. Writes nothing yet, but the lock file.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where another run holds it, or the folder cannot be made.
    pub fn take(folder: &Path, target: &str) -> Result<Self, RecordError> {
        fs::create_dir_all(folder).map_err(io_error(folder))?;
        let path = Lock::path(folder, target);
        let file = File::create(&path).map_err(io_error(&path))?;
        let tried = file.try_lock();
        Ok(Self {
            record: folder.join(format!("{target}.jsonl")),
            partial: folder.join(format!("{target}.jsonl.partial")),
            _lock: Lock::held(file, path, tried)?,
        })
    }

    /// Keeps runs from replacing the record of `target` in `folder` while it is read. Writes nothing: where there is no lock file,
    /// as in a run that was kept, no run writes, and `None` is held.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where a run holds it, or the lock file cannot be opened.
    pub fn hold(folder: &Path, target: &str) -> Result<Option<Lock>, RecordError> {
        let path = Lock::path(folder, target);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&path)(error)),
        };
        let tried = file.try_lock_shared();
        Lock::held(file, path, tried).map(Some)
    }

    /// The complete record.
    pub fn record(&self) -> &Path {
        &self.record
    }

    /// The run under way, or cut short.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The lines of the run that was cut short, if there is one. A last line without its end is what a kill
    /// leaves; it is dropped from the file too.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where the partial file cannot be read, or holds something else.
    pub fn cut_short(&self) -> Result<Option<Vec<PartialLine>>, RecordError> {
        let path = &self.partial;
        // As bytes, since a kill may leave half a character.
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(path)(error)),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let text = str::from_utf8(&bytes[..whole]).map_err(|error| RecordError::of(path, error))?;
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |problem: String| RecordError::at(path, index + 1, problem);
            if index == 0 {
                check_schema(line).map_err(wrong)?;
            }
            lines.push(serde_json::from_str(line).map_err(|error| wrong(not_a_line(&error)))?);
        }
        if whole < bytes.len() {
            let file = OpenOptions::new().write(true).open(path).map_err(io_error(path))?;
            file.set_len(whole as u64).map_err(io_error(path))?;
        }
        Ok(Some(lines))
    }

    /// Moves a run that was cut short out of the way; returns its new name.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where it cannot be renamed.
    pub fn set_aside(&self, started: &str) -> Result<PathBuf, RecordError> {
        let stamp: String = started.chars().filter(char::is_ascii_alphanumeric).collect();
        let aside = self.record.with_extension(format!("jsonl.cut-short-{stamp}"));
        fs::rename(&self.partial, &aside).map_err(io_error(&self.partial))?;
        Ok(aside)
    }

    /// Opens the partial file, to begin it or to go on.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where it cannot be opened.
    pub fn stream(&self, go_on: bool) -> Result<Stream, RecordError> {
        let mut options = OpenOptions::new();
        if go_on {
            options.append(true);
        } else {
            options.write(true).create(true).truncate(true);
        }
        let file = options.open(&self.partial).map_err(io_error(&self.partial))?;
        Ok(Stream {
            file,
            path: self.partial.clone(),
        })
    }

    /// Puts the complete record in its place, and removes the partial one.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where a file cannot be written, renamed or removed.
    pub fn finish(&self, header: &Header, measurements: &[Measurement]) -> Result<(), RecordError> {
        let text = to_text(header, measurements);
        files::replace(&self.record, text.as_bytes()).map_err(io_error(&self.record))?;
        match fs::remove_file(&self.partial) {
            Err(gone) if gone.kind() != io::ErrorKind::NotFound => Err(io_error(&self.partial)(gone)),
            _ => Ok(()),
        }
    }
}

/// A partial file, open for lines.
#[derive(Debug)]
pub struct Stream {
    file: File,
    path: PathBuf,
}

impl Stream {
    /// Writes a line, whole.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where it cannot be written.
    pub fn write(&mut self, line: &PartialLine) -> Result<(), RecordError> {
        self.file
            .write_all(to_line(line).as_bytes())
            .map_err(io_error(&self.path))
    }
}
