//! Files of results: written line by line, so that what was played before a crash counts, and gone on
//! with afterwards. The file is the same then as if nothing had happened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Header, MatchLine};

/// Bytes of a line at most: a thousand seats and their scores are some 100 KiB.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A file of results that is written.
pub(crate) struct ResultsFile {
    path: PathBuf,
    file: File,
    /// Reads what is there already.
    earlier: Option<Lines>,
}

impl ResultsFile {
    /// A new one; the error is a sentence. Where there is one already, `go_on` says whether it is gone
    /// on with.
    pub(crate) fn open(path: &Path, header: &Header, go_on: bool) -> Result<Self, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("--out: {} {why}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file =
            options.open(path).map_err(|error| wrong(&format!("cannot be written: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(wrong(&"is being written by somebody else"));
            }
            Err(TryLockError::Error(error)) => {
                return Err(wrong(&format!("cannot be locked: {error}")));
            }
        }
        let mut results = ResultsFile { path: path.to_owned(), file, earlier: None };
        let copy = results.file.try_clone().map_err(|error| wrong(&error))?;
        let mut lines = Lines::new(copy);
        match lines.next().map_err(|why| wrong(&why))? {
            None if lines.rest.is_empty() => results.begin(header)?,
            _ if !go_on => {
                return Err(wrong(
                    &"is there already: --continue goes on with it, or choose another",
                ));
            }
            // It ended within its first line.
            None if first_line(header)?.as_bytes().starts_with(&lines.rest) => {
                results.begin(header)?;
            }
            None => return Err(wrong(&"is no file of results (--out writes them)")),
            Some(first) => {
                let there = Header::read(&first).map_err(|why| wrong(&why))?;
                if let Some(difference) = header.differs(&there, &[]) {
                    return Err(wrong(&format!("is of other matches: {difference}")));
                }
                results.earlier = Some(lines);
            }
        }
        Ok(results)
    }

    fn begin(&mut self, header: &Header) -> Result<(), String> {
        self.cut(0)?;
        self.write(&first_line(header)?)
    }

    /// The next match that is there already. After the last one the file is written.
    pub(crate) fn earlier(&mut self) -> Result<Option<MatchLine>, String> {
        let Some(lines) = &mut self.earlier else { return Ok(None) };
        let line = lines.next().and_then(|line| line.map(|line| read_line(&line)).transpose());
        let end = lines.end;
        match line.map_err(|why| self.wrong(&why))? {
            Some(line) => Ok(Some(line)),
            None => {
                self.earlier = None;
                self.cut(end)?;
                Ok(None)
            }
        }
    }

    /// One more match. It is with the operating system then, whatever becomes of this process.
    pub(crate) fn add(&mut self, line: &MatchLine) -> Result<(), String> {
        self.write(&serde_json::to_string(line).map_err(|error| error.to_string())?)
    }

    fn write(&mut self, line: &str) -> Result<(), String> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| self.wrong(&format!("cannot be written: {error}")))
    }

    /// Takes away what lies behind, and writes there.
    fn cut(&mut self, end: u64) -> Result<(), String> {
        let cut = self.file.set_len(end).and_then(|()| self.file.seek(SeekFrom::Start(end)));
        cut.map(|_| ()).map_err(|error| self.wrong(&format!("cannot be written: {error}")))
    }

    /// A sentence about the file.
    pub(crate) fn wrong(&self, why: &str) -> String {
        format!("--out: {} {why}", self.path.display())
    }
}

fn first_line(header: &Header) -> Result<String, String> {
    serde_json::to_string(header).map_err(|error| error.to_string())
}

/// A file of results.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) lines: Vec<MatchLine>,
    /// It ended within a line, which was left out.
    pub(crate) cut: bool,
}

/// Reads all of a file. The error is a sentence.
pub(crate) fn read(path: &Path) -> Result<Contents, String> {
    let wrong = |why: String| format!("{} {why}", path.display());
    let file = File::open(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut lines = Lines::new(file);
    let first = lines.next().map_err(wrong)?;
    let first = first.ok_or_else(|| wrong("is no file of results: it is empty".to_owned()))?;
    let mut contents =
        Contents { header: Header::read(&first).map_err(wrong)?, lines: Vec::new(), cut: false };
    while let Some(line) = lines.next().map_err(wrong)? {
        contents.lines.push(read_line(&line).map_err(wrong)?);
    }
    contents.cut = !lines.rest.is_empty();
    Ok(contents)
}

fn read_line(line: &str) -> Result<MatchLine, String> {
    serde_json::from_str(line).map_err(|error| {
        let start: String = line.chars().take(40).collect();
        format!("has a line that is no match: {error}, in `{start}…`")
    })
}

/// Whole lines. What comes after the last line break was not written to its end.
struct Lines {
    file: BufReader<File>,
    /// Where the next line begins.
    end: u64,
    /// What comes after the last one.
    rest: Vec<u8>,
}

impl Lines {
    fn new(file: File) -> Self {
        Lines { file: BufReader::new(file), end: 0, rest: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<String>, String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.file).take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut line);
        let bytes = read.map_err(|error| format!("cannot be read: {error}"))? as u64;
        if line.pop_if(|last| *last == b'\n').is_none() {
            if bytes == LINE_BYTES_MAX {
                return Err(format!("has a line of more than {LINE_BYTES_MAX} bytes"));
            }
            self.rest = line;
            return Ok(None);
        }
        self.end += bytes;
        let line = String::from_utf8(line).map_err(|_| "is no text".to_owned())?;
        Ok(Some(line))
    }
}
