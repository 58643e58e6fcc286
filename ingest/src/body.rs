//! A request's body within its bounds: how long it may take, how large it may travel, how large it
//! may become.

use std::io::Read;

use axum::body::{Body, HttpBody};
use domain::limits::{BODY_BYTES_MAX, INFLATED_BYTES_MAX, REQUEST_READ_MAX};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::timeout;
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::problem::Problem;

/// The largest zstd window a sender may ask for. A window larger than the largest body is memory
/// for nothing; the usual levels stay below.
const ZSTD_WINDOW_LOG_MAX: u32 = INFLATED_BYTES_MAX.ilog2();

/// How far a body is read that is too large to be taken.
const DISCARDED_BYTES_MAX: usize = 8 * BODY_BYTES_MAX;

/// How a body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// The names, as in `Content-Encoding`.
    pub(crate) const ACCEPTED: [&str; 3] = ["identity", "gzip", "zstd"];

    /// Reads `Content-Encoding`.
    ///
    /// # Errors
    /// [`Problem::Encoding`] for any other coding, and for several at once.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines: Vec<String> = headers
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase())
            .collect();
        let given = lines.join(", ");
        match given.as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Problem::Encoding { given }),
        }
    }

    /// Its name, as in `Content-Encoding`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Reads a body as it travels. What exceeds the limit is not kept, but read on for a while: a
/// sender that is cut off while it still sends would see a broken connection and no answer.
///
/// # Errors
/// [`Problem::BodyTooLarge`], [`Problem::ReadTimeout`] for a sender that is too slow,
/// [`Problem::BodyUnreadable`] when the connection breaks.
pub(crate) async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > DISCARDED_BYTES_MAX {
        return Err(Problem::BodyTooLarge { seen: announced });
    }
    let mut seen = 0;
    let mut bytes = Vec::with_capacity(announced.min(BODY_BYTES_MAX));
    let reading = async {
        while seen <= DISCARDED_BYTES_MAX
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| Problem::BodyUnreadable(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            seen += data.len();
            if seen <= BODY_BYTES_MAX {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    let finished = timeout(REQUEST_READ_MAX, reading).await.unwrap_or(Err(Problem::ReadTimeout));
    if seen > BODY_BYTES_MAX {
        return Err(Problem::BodyTooLarge { seen });
    }
    finished.map(|()| bytes)
}

/// Undoes the compression, at most one byte further than allowed: a bomb costs no more than a
/// full body.
///
/// # Errors
/// [`Problem::InflatedTooLarge`], or [`Problem::BrokenCompression`] when it cannot be undone.
pub(crate) fn inflate(travelled: Vec<u8>, encoding: Encoding) -> Result<Vec<u8>, Problem> {
    let broken = |error: std::io::Error| Problem::BrokenCompression {
        encoding: encoding.as_str(),
        reason: error.to_string(),
    };
    let bytes = match encoding {
        Encoding::Identity => return Ok(travelled),
        Encoding::Gzip => bounded(MultiGzDecoder::new(travelled.as_slice())),
        Encoding::Zstd => {
            let mut decoder = ZstdDecoder::new(travelled.as_slice()).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
            bounded(decoder)
        }
    };
    let bytes = bytes.map_err(broken)?;
    if bytes.len() > INFLATED_BYTES_MAX {
        return Err(Problem::InflatedTooLarge { seen: bytes.len(), travelled: travelled.len() });
    }
    Ok(bytes)
}

fn bounded(decoder: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(INFLATED_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The body as text, without the byte order mark that some tills' libraries put in front.
///
/// # Errors
/// [`Problem::NotUtf8`] with the place of the first stray byte, [`Problem::EmptyBody`] when there
/// is nothing but white space.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::NotUtf8 { byte: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() { Err(Problem::EmptyBody) } else { Ok(text) }
}
