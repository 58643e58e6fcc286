//! Text of a file in UTF-8.

/// Byte order marks of UTF-16.
const UTF_16_MARKS: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];

/// Returns the text of a file without the byte order mark that some programs write first.
///
/// ```
/// use import::file_text;
///
/// assert_eq!(file_text(b"\xEF\xBB\xBFsku,price\n"), Ok("sku,price\n"));
/// let error = file_text(b"sku,name\nrye,Br\xF6tchen\n").unwrap_err();
/// assert!(error.starts_with("line 2: byte 0xF6 is not UTF-8"));
/// ```
///
/// # Errors
/// Returns an error with the line of the first byte that is not UTF-8.
pub fn file_text(bytes: &[u8]) -> Result<&str, String> {
    if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err("the file is UTF-16; save it as UTF-8".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        match bytes.get(error.valid_up_to()) {
            Some(byte) if error.error_len().is_some() => format!(
                "line {line}: byte 0x{byte:02X} is not UTF-8; save the file as UTF-8 and not in \
                 a code page like Windows-1252"
            ),
            _ => format!("line {line}: the file ends inside a character; it is cut off"),
        }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_another_encoding_is_named() {
        for (bytes, told) in [
            (&b"\xFF\xFEs\0k\0u\0"[..], "the file is UTF-16"),
            (b"\xFE\xFF\0s\0k\0u", "the file is UTF-16"),
            (b"sku\r\nK\xE4se\r\n", "line 2: byte 0xE4 is not UTF-8"),
            (b"sku\nk\xC3", "line 2: the file ends inside a character"),
        ] {
            let message = file_text(bytes).unwrap_err();
            assert!(message.starts_with(told), "{message}");
        }
        assert_eq!(file_text("\u{feff}{}".as_bytes()), Ok("{}"));
        assert_eq!(file_text(b""), Ok(""));
    }
}
