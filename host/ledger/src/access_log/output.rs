//! Where lines go: standard output, a file, or a syslog receiver.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use config::LogPath;

use super::count_lines;
use super::syslog::Sender;

/// Who may read a file of the log that we make: its owner, and its group.
const MODE: u32 = 0o640;

/// Where lines go.
pub(super) enum Output {
    Stdout,
    File {
        file: File,
        /// Whether what is in it ends within a line, since the rest could not be written.
        torn: bool,
    },
    Syslog(Sender),
}

/// Lines that were not written, and why.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) lines: u64,
    pub(super) error: io::Error,
}

impl Output {
    pub(super) fn open(path: &LogPath) -> io::Result<Self> {
        match path {
            LogPath::Stdout => Ok(Output::Stdout),
            LogPath::File(path) => append_to(path).map(Output::file),
            LogPath::Syslog(syslog) => Sender::open(syslog).map(Output::Syslog),
        }
    }

    pub(super) fn file(file: File) -> Self {
        Output::File { file, torn: false }
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, batch: &[u8]) -> Result<(), Failure> {
        match self {
            Output::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(batch).and_then(|()| stdout.flush());
                written.map_err(|error| Failure { lines: count_lines(batch), error })
            }
            Output::File { file, torn } => write_to(file, torn, batch),
            Output::Syslog(sender) => sender.send_all(batch),
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(MODE).open(path)
}

/// Writes as much as there is room for. Where that ends within a line, the next one gets a line of its own.
fn write_to(file: &mut impl Write, torn: &mut bool, batch: &[u8]) -> Result<(), Failure> {
    let mut left = batch;
    if *torn {
        file.write_all(b"\n").map_err(|error| Failure { lines: count_lines(batch), error })?;
        *torn = false;
    }
    while !left.is_empty() {
        let error = match file.write(left) {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(written) => {
                *torn = left.get(written - 1) != Some(&b'\n');
                left = left.get(written..).unwrap_or_default();
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => error,
        };
        return Err(Failure { lines: count_lines(left), error });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many bytes.
    struct Disk {
        room: usize,
        content: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.content.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_a_full_disk_tore_spoils_no_other() {
        let (mut disk, mut torn) = (Disk { room: 6, content: Vec::new() }, false);
        let failure = write_to(&mut disk, &mut torn, b"one\ntwo\nthree\n").unwrap_err();
        assert_eq!((failure.lines, torn), (2, true));
        assert_eq!(write_to(&mut disk, &mut torn, b"four\n").unwrap_err().lines, 1);
        disk.room = 100;
        write_to(&mut disk, &mut torn, b"five\n").unwrap();
        assert_eq!(disk.content, b"one\ntw\nfive\n");
    }
}
