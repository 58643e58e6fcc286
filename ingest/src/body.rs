//! Body of a request, within the limits of its duration, its size as sent and its inflated size.

use std::io::Read;

use axum::body::{Body, HttpBody};
use domain::limits::{BODY_BYTES_MAX, INFLATED_BYTES_MAX, REQUEST_READ_MAX};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::timeout;
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::problem::RequestProblem;

/// Largest zstd window that a frame may request. A window larger than the largest body would only
/// waste memory; the usual levels stay below.
const ZSTD_WINDOW_LOG_MAX: u32 = INFLATED_BYTES_MAX.ilog2();

/// Number of bytes after which the reading of a body that is too large ends.
const DISCARDED_BYTES_MAX: usize = 8 * BODY_BYTES_MAX;

/// Compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentEncoding {
    Identity,
    Gzip,
    Zstd,
}

impl ContentEncoding {
    /// Accepted names in `Content-Encoding`.
    pub(crate) const ACCEPTED: [&str; 3] = ["identity", "gzip", "zstd"];

    /// Reads `Content-Encoding`.
    ///
    /// # Errors
    /// Returns [`RequestProblem::Encoding`] for another coding and for several codings.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, RequestProblem> {
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
            _ => Err(RequestProblem::Encoding { given }),
        }
    }

    /// Returns the name in `Content-Encoding`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Reads a body as sent. Bytes beyond the limit are read up to [`DISCARDED_BYTES_MAX`] and not
/// kept: a sender that is cut off while it sends would see a broken connection and no answer.
///
/// # Errors
/// Returns [`RequestProblem::BodyTooLarge`], [`RequestProblem::ReadTimeout`] if the body takes
/// longer than [`REQUEST_READ_MAX`], or [`RequestProblem::BodyUnreadable`] if the connection
/// breaks.
pub(crate) async fn read(mut body: Body) -> Result<Vec<u8>, RequestProblem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > DISCARDED_BYTES_MAX {
        return Err(RequestProblem::BodyTooLarge { seen: announced });
    }
    let mut seen = 0;
    let mut bytes = Vec::with_capacity(announced.min(BODY_BYTES_MAX));
    let reading = async {
        while seen <= DISCARDED_BYTES_MAX
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| RequestProblem::BodyUnreadable(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            seen += data.len();
            if seen <= BODY_BYTES_MAX {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    let finished =
        timeout(REQUEST_READ_MAX, reading).await.unwrap_or(Err(RequestProblem::ReadTimeout));
    if seen > BODY_BYTES_MAX {
        return Err(RequestProblem::BodyTooLarge { seen });
    }
    finished.map(|()| bytes)
}

/// Inflates a body up to one byte beyond the limit, so that a decompression bomb costs no more than
/// a full body.
///
/// # Errors
/// Returns [`RequestProblem::InflatedTooLarge`], or [`RequestProblem::BrokenCompression`] if the
/// bytes are not in the announced encoding.
pub(crate) fn inflate(
    received: Vec<u8>,
    encoding: ContentEncoding,
) -> Result<Vec<u8>, RequestProblem> {
    let broken = |error: std::io::Error| RequestProblem::BrokenCompression {
        encoding: encoding.as_str(),
        reason: error.to_string(),
    };
    let bytes = match encoding {
        ContentEncoding::Identity => return Ok(received),
        ContentEncoding::Gzip => bounded(MultiGzDecoder::new(received.as_slice())),
        ContentEncoding::Zstd => {
            let mut decoder = ZstdDecoder::new(received.as_slice()).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
            bounded(decoder)
        }
    };
    let bytes = bytes.map_err(broken)?;
    if bytes.len() > INFLATED_BYTES_MAX {
        return Err(RequestProblem::InflatedTooLarge {
            seen: bytes.len(),
            received: received.len(),
        });
    }
    Ok(bytes)
}

fn bounded(decoder: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(INFLATED_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the body as text without a byte order mark, which some libraries of tills write.
///
/// # Errors
/// Returns [`RequestProblem::NotUtf8`] with the offset of the first invalid byte, and
/// [`RequestProblem::EmptyBody`] if the body holds only white space.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, RequestProblem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| RequestProblem::NotUtf8 { byte: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() { Err(RequestProblem::EmptyBody) } else { Ok(text) }
}
