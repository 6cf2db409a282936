//! The few calls that the journal makes to a file system: one directory, whole names, no more than
//! a test can stand in for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::segment::{SegmentHead, name};
use crate::whole_file::is_at;

/// Written and deleted again before records are taken after an error: a disk with room for a
/// segment's head alone would take that and nothing else, over and over.
const PROBE_BYTES: usize = 1 << 20;
const PROBE_NAME: &str = "probe";

/// A directory of segments.
pub(super) trait Disk: Send + Sync {
    /// The names of its files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading, and says its length.
    fn open(&self, name: &str) -> io::Result<(Box<dyn Read>, u64)>;
    /// Opens a file for [`DiskFile::sync`] alone.
    fn open_to_sync(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a file that is not there yet, for appending.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Deletes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Renames a file to a name that is not there yet.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Has the names on disk: which files there are survives a power cut only after this.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file to which only is appended.
pub(super) trait DiskFile: Send + Sync {
    /// Hands bytes to the kernel, some of them or all.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file.
    fn cut(&self, len: u64) -> io::Result<()>;
    /// Has what was written on disk.
    fn sync(&self) -> io::Result<()>;
}

/// A directory of the operating system.
pub(super) struct Directory(pub(super) PathBuf);

impl Disk for Directory {
    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0)?.map(|entry| entry.map(|entry| entry.file_name()));
        // A name that is not UTF-8 is none of ours.
        names.filter_map(|name| name.map(|name| name.into_string().ok()).transpose()).collect()
    }

    fn open(&self, name: &str) -> io::Result<(Box<dyn Read>, u64)> {
        let file = File::open(self.0.join(name))?;
        let len = file.metadata()?.len();
        Ok((Box::new(file), len))
    }

    fn open_to_sync(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File::open(self.0.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        // What players see and what they may not see is in here.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.0.join(name);
        Ok(Arc::new(Named { file: options.open(&path)?, path }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.0.join(to);
        if to.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(self.0.join(from), to)
    }

    fn sync_names(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.0)?.sync_all()?;
        }
        Ok(())
    }
}

/// A file that must stay where it was made: what is written to one that was deleted, or moved away
/// with its directory, is lost with the process, and no write says so.
struct Named {
    file: File,
    path: PathBuf,
}

impl DiskFile for Named {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        DiskFile::write(&self.file, bytes)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.file.cut(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()?;
        match is_at(&self.file, &self.path) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::NotFound, Gone(self.path.clone()))),
        }
    }
}

/// A file is not where it was made.
#[derive(Debug, thiserror::Error)]
#[error("{} was deleted or moved while it was written to", .0.display())]
struct Gone(PathBuf);

impl DiskFile for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        Write::write(&mut file, bytes)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes a segment: the file and its head.
pub(super) fn make(disk: &dyn Disk, head: &SegmentHead) -> io::Result<Arc<dyn DiskFile>> {
    let name = name(head.number);
    let file = disk.create(&name)?;
    match write_all(&*file, &head.to_bytes()) {
        Ok(()) => Ok(file),
        Err((_, error)) => {
            // If it stays, it has no records and is skipped.
            let _ = disk.remove(&name);
            Err(error)
        }
    }
}

/// Writes all; else says how much it was.
pub(super) fn write_all(file: &dyn DiskFile, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write(&bytes[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// Whether the disk takes something.
pub(super) fn probe(disk: &dyn Disk) -> io::Result<()> {
    // Of a process that was killed here.
    let _ = disk.remove(PROBE_NAME);
    let file = disk.create(PROBE_NAME)?;
    let written = write_all(&*file, &vec![0; PROBE_BYTES]).map_err(|(_, error)| error);
    let _ = disk.remove(PROBE_NAME);
    written
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_is_not_there_any_more_fails_its_sync() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("state");
        fs::create_dir(&dir).unwrap();
        let disk = Directory(dir.clone());
        let file = disk.create("a").unwrap();
        write_all(&*file, b"1").unwrap();
        file.sync().unwrap();
        fs::rename(dir.join("a"), dir.join("b")).unwrap();
        assert_eq!(file.sync().unwrap_err().kind(), io::ErrorKind::NotFound);
        // Another of this name is another.
        let other = disk.create("a").unwrap();
        assert!(file.sync().unwrap_err().to_string().ends_with("while it was written to"));
        other.sync().unwrap();
        fs::rename(&dir, root.path().join("elsewhere")).unwrap();
        assert!(other.sync().is_err());
    }
}
