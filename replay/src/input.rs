//! Input files: plain, gzip or zstd, cut into blocks of whole lines.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// First bytes of a gzip member. Source: RFC 1952, section 2.3.1.
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// Size of a block, in bytes, unless a line is longer.
const BLOCK_BYTES: usize = 1 << 20;
/// Longest line, in bytes. An event has at most 2 KB.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Memory of the window of a zstd frame: 128 MiB, the largest one that `zstd --long` writes and
/// other programs read without an option.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Input that can be read twice.
#[derive(Debug)]
pub struct Input {
    file: File,
    /// `true` if the first reading copies the input to `file`.
    source: Option<File>,
}

impl Input {
    /// Creates an input from an open file. What is no regular file, such as a pipe, is copied to a
    /// temporary file while it is read.
    ///
    /// # Errors
    /// Returns an error if the file cannot be examined or no temporary file can be created.
    pub fn new(file: File) -> io::Result<Self> {
        if file.metadata()?.is_file() {
            return Ok(Self { file, source: None });
        }
        Ok(Self { file: tempfile::tempfile()?, source: Some(file) })
    }

    /// Calls `take` with the blocks of the input, in order.
    ///
    /// # Errors
    /// Returns an error if the input cannot be read or inflated, a line is too long, or `take`
    /// fails.
    pub(crate) fn read_blocks(
        &mut self,
        take: impl FnMut(Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.source.take() {
            Some(source) => cut(inflated(Copying { source, copy: &self.file })?, take),
            None => {
                self.file.seek(SeekFrom::Start(0))?;
                cut(inflated(&self.file)?, take)
            }
        }
    }
}

/// Reader that copies what it reads.
struct Copying<'a> {
    source: File,
    copy: &'a File,
}

impl Read for Copying<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.copy.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// Returns a reader of the text. The first bytes tell the compression.
fn inflated<'a>(mut file: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut first = Vec::new();
    file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut first)?;
    let (is_gzip, is_zstd) = (first.starts_with(GZIP_MAGIC), first.starts_with(ZSTD_MAGIC));
    let whole = io::Cursor::new(first).chain(file);
    if is_gzip {
        let inflated = flate2::bufread::MultiGzDecoder::new(BufReader::new(whole));
        Ok(Box::new(inflated))
    } else if is_zstd {
        let mut inflated = zstd::stream::read::Decoder::new(whole)?;
        inflated.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        Ok(Box::new(inflated))
    } else {
        Ok(Box::new(whole))
    }
}

/// Cuts a text after line ends.
fn cut(mut text: impl Read, mut take: impl FnMut(Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let mut rest = Vec::new();
    loop {
        let mut block = Vec::with_capacity(BLOCK_BYTES + rest.len());
        block.append(&mut rest);
        let wanted = BLOCK_BYTES as u64;
        if text.by_ref().take(wanted).read_to_end(&mut block)? == 0 {
            return if block.is_empty() { Ok(()) } else { take(block) };
        }
        match memchr::memrchr(b'\n', &block) {
            Some(end) => {
                rest.extend_from_slice(&block[end + 1..]);
                block.truncate(end + 1);
                take(block)?;
            }
            None if block.len() > LINE_BYTES_MAX => {
                let message = format!(
                    "a line has more than {LINE_BYTES_MAX} bytes; each event is one line of JSON"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            None => rest = block,
        }
    }
}
