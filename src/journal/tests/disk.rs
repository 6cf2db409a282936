//! A disk in memory that does what it is told: be full, be slow, fail at a call, take half.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::disk::{Disk, DiskFile};
use super::super::shared::lock;

/// What the journal asks of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    Create,
    Write,
    Cut,
    Sync,
    Remove,
    Rename,
    SyncNames,
}

/// What a call comes to.
#[derive(Clone, Debug)]
pub enum Fault {
    Error(io::ErrorKind),
    /// A write that takes so many bytes.
    Short(usize),
    /// It takes for as long as this is set.
    Stuck(Arc<AtomicBool>),
}

/// Off again when it is dropped: a test that fails must not leave the disk stuck, for the journal
/// waits for it. To be made after the journal.
#[derive(Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A file: its bytes, and how many of them a power cut would leave.
#[derive(Clone, Default, Debug)]
pub struct Bytes {
    pub all: Vec<u8>,
    pub synced: usize,
}

/// Names and bytes, as they are at a moment.
pub type Files = BTreeMap<String, Bytes>;

/// Must not use the disk.
type Watch = Box<dyn FnMut(&Files, Call, &str) -> Option<Fault> + Send>;

#[derive(Clone, Default)]
pub struct MemoryDisk {
    files: Arc<Mutex<Files>>,
    /// Asked before each call.
    watch: Arc<Mutex<Option<Watch>>>,
    /// Bytes of all files at most.
    room: Arc<Mutex<Option<usize>>>,
}

struct MemoryFile {
    disk: MemoryDisk,
    name: String,
}

impl MemoryDisk {
    pub fn of(files: Files) -> Self {
        MemoryDisk { files: Arc::new(Mutex::new(files)), ..Self::default() }
    }

    pub fn watch(&self, watch: impl FnMut(&Files, Call, &str) -> Option<Fault> + Send + 'static) {
        *lock(&self.watch) = Some(Box::new(watch));
    }

    pub fn has_room_for(&self, bytes: Option<usize>) {
        *lock(&self.room) = bytes;
    }

    pub fn files(&self) -> Files {
        lock(&self.files).clone()
    }

    /// The names of its segments, those that were set aside too.
    pub fn segments(&self) -> Vec<String> {
        lock(&self.files).keys().filter(|name| name.contains(".journal")).cloned().collect()
    }

    fn asked(&self, call: Call, name: &str) -> io::Result<Option<usize>> {
        let fault = {
            let files = lock(&self.files);
            lock(&self.watch).as_mut().and_then(|watch| watch(&files, call, name))
        };
        match fault {
            None => Ok(None),
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::Short(bytes)) => Ok(Some(bytes)),
            Some(Fault::Stuck(while_set)) => {
                while while_set.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_micros(100));
                }
                Ok(None)
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.files).keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<(Box<dyn Read>, u64)> {
        let bytes = lock(&self.files).get(name).ok_or(io::ErrorKind::NotFound)?.all.clone();
        let len = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), len))
    }

    fn open_to_sync(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(MemoryFile { disk: self.clone(), name: name.into() }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.asked(Call::Create, name)?;
        let mut files = lock(&self.files);
        if files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(name.into(), Bytes::default());
        drop(files);
        self.open_to_sync(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.asked(Call::Remove, name)?;
        lock(&self.files).remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.asked(Call::Rename, from)?;
        let mut files = lock(&self.files);
        if files.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), bytes);
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        self.asked(Call::SyncNames, "").map(drop)
    }
}

impl DiskFile for MemoryFile {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let short = self.disk.asked(Call::Write, &self.name)?;
        let room = *lock(&self.disk.room);
        let mut files = lock(&self.disk.files);
        let used: usize = files.values().map(|file| file.all.len()).sum();
        let fits = room.map_or(usize::MAX, |room| room.saturating_sub(used));
        let taken = bytes.len().min(short.unwrap_or(usize::MAX)).min(fits);
        if fits == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // A file that was deleted takes everything and keeps nothing.
        if let Some(file) = files.get_mut(&self.name) {
            file.all.extend_from_slice(&bytes[..taken]);
        }
        Ok(taken)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.disk.asked(Call::Cut, &self.name)?;
        if let Some(file) = lock(&self.disk.files).get_mut(&self.name) {
            file.all.truncate(len as usize);
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let len = lock(&self.disk.files).get(&self.name).map(|file| file.all.len());
        self.disk.asked(Call::Sync, &self.name)?;
        if let (Some(file), Some(len)) = (lock(&self.disk.files).get_mut(&self.name), len) {
            file.synced = file.synced.max(len.min(file.all.len()));
        }
        Ok(())
    }
}
