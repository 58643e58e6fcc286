//! Input files: plain, gzip or zstd, cut into blocks of whole lines.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// First bytes of a gzip member. Source: RFC 1952, section 2.3.1.
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// First bytes of a skippable zstd frame, after one of 0x50 to 0x5F. Parallel compressors begin
/// with such a frame. Source: RFC 8878, section 3.1.2.
const ZSTD_SKIPPABLE_MAGIC: &[u8] = &[0x2A, 0x4D, 0x18];
/// Size of a block, in bytes, unless a line is longer. It stays in the cache of a core until it is
/// parsed.
const BLOCK_BYTES: usize = 256 << 10;
/// Longest line, in bytes, to which a block may be added. An event has at most 2 KB.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Memory of the window of a zstd frame: 128 MiB, the largest one that `zstd --long` writes and
/// other programs read without an option.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Input that can be read twice.
#[derive(Debug)]
pub struct Input {
    file: File,
    /// Position of the first byte of the input.
    start: u64,
    /// Pipe that the first reading copies to `file`.
    source: Option<File>,
}

impl Input {
    /// Creates an input from an open file, which is read from its position on. Another file than a
    /// regular one, such as a pipe, is copied to a temporary file while it is read.
    ///
    /// # Errors
    /// Returns an error if the file cannot be examined or no temporary file can be created.
    pub fn new(mut file: File) -> io::Result<Self> {
        if file.metadata()?.is_file() {
            let start = file.stream_position()?;
            return Ok(Self { file, start, source: None });
        }
        Ok(Self { file: tempfile::tempfile()?, start: 0, source: Some(file) })
    }

    /// Returns the blocks of the input, from its start.
    ///
    /// # Errors
    /// Returns an error if the input cannot be read.
    pub(crate) fn blocks(&mut self) -> io::Result<Blocks<'_>> {
        let text = match self.source.take() {
            Some(source) => inflated(Copying { source, copy: &self.file })?,
            None => {
                self.file.seek(SeekFrom::Start(self.start))?;
                inflated(&self.file)?
            }
        };
        Ok(Blocks { text, rest: Vec::new(), number: 0 })
    }
}

/// Blocks of whole lines, in order.
pub(crate) struct Blocks<'a> {
    text: Box<dyn Read + Send + 'a>,
    /// Start of the line that the last block would have cut.
    rest: Vec<u8>,
    number: usize,
}

impl Blocks<'_> {
    /// Replaces the contents of `block` by the next block. Returns its number, from 1; `None` at
    /// the end.
    ///
    /// # Errors
    /// Returns an error if the input cannot be read or inflated, or a line is too long.
    pub(crate) fn read(&mut self, block: &mut Vec<u8>) -> io::Result<Option<usize>> {
        block.clear();
        block.append(&mut self.rest);
        loop {
            let before = block.len();
            block.reserve(BLOCK_BYTES);
            self.text.by_ref().take(BLOCK_BYTES as u64).read_to_end(block)?;
            let is_end = block.len() == before;
            let end = if is_end { Some(block.len()) } else { line_end(&block[before..], before) };
            match end {
                Some(0) => return Ok(None),
                Some(end) => {
                    self.rest.extend_from_slice(&block[end..]);
                    block.truncate(end);
                    self.number += 1;
                    return Ok(Some(self.number));
                }
                None if block.len() > LINE_BYTES_MAX => {
                    let message = format!(
                        "a line has more than {LINE_BYTES_MAX} bytes; each event is one line of \
                         JSON"
                    );
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                None => {}
            }
        }
    }
}

/// Returns the place after the last line end of `bytes`, which begin at `start`.
fn line_end(bytes: &[u8], start: usize) -> Option<usize> {
    memchr::memrchr(b'\n', bytes).map(|place| start + place + 1)
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
fn inflated<'a>(mut file: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut first = Vec::new();
    file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut first)?;
    let is_gzip = first.starts_with(GZIP_MAGIC);
    let is_skippable =
        matches!(first[..], [0x50..=0x5F, ..]) && first[1..] == *ZSTD_SKIPPABLE_MAGIC;
    let is_zstd = first.starts_with(ZSTD_MAGIC) || is_skippable;
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
