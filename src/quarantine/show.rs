//! `daymark quarantine show`: one entry in full.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use super::not_there;
use crate::output::instant;
use crate::{CommandError, connect, output};

/// Show one entry: reason, time, origin and bytes
///
/// Text is printed as text, other bytes in hexadecimal. To correct an event and send it again:
///
///   daymark quarantine show ID --raw > event.json
///   (edit event.json)
///   daymark send event.json
///   daymark quarantine drop ID
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ShowArgs {
    /// Id of the entry, as `list` prints it
    #[arg(value_name = "ID")]
    id: QuarantineId,

    /// Print only the bytes
    #[arg(long)]
    raw: bool,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Maximum number of bytes shown in hexadecimal, and bytes in one line.
const HEX_BYTES_MAX: usize = 4096;
const HEX_BYTES_PER_LINE: usize = 16;

pub(super) async fn run(args: ShowArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let entry = tables.load_quarantined(&args.id).await;
    let entry = entry.map_err(|failure| tables.explain(failure))?;
    let entry = entry.ok_or_else(|| not_there(&args.id))?;
    if args.raw {
        output::bytes(&entry.bytes)?;
    } else {
        output::line(described(&entry));
    }
    Ok(ExitCode::SUCCESS)
}

fn described(entry: &Quarantined) -> String {
    let (reason, message, size) = (entry.reason.as_str(), &entry.message, entry.bytes.len());
    let (at, from) = (instant(entry.at), origin(entry));
    let bytes = content(&entry.bytes);
    format!(
        "{id}\n  reason   {reason}\n  message  {message}\n  at       {at}\n  from     {from}\n  \
         bytes    {size}\n\n{bytes}",
        id = entry.id
    )
}

/// Returns the origin of an entry, from its key.
fn origin(entry: &Quarantined) -> String {
    let parts: Vec<&str> = entry.id.key.split('#').collect();
    match (entry.reason, &parts[..]) {
        (QuarantineReason::Unopenable | QuarantineReason::InvalidEvent, [shard, number]) => {
            format!("{shard}, record {number}")
        }
        (QuarantineReason::InvalidEvent, [shard, number, index]) => {
            format!("{shard}, record {number}, event {index}")
        }
        (
            QuarantineReason::ConflictingDuplicate
            | QuarantineReason::UnmetCorrection
            | QuarantineReason::WindowFull,
            [store, event, _],
        ) => {
            format!("store {store}, event {event}")
        }
        _ => "unknown".to_owned(),
    }
}

/// Formats text with escaped control characters, which a terminal would obey, and other bytes in
/// hexadecimal.
fn content(bytes: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else { return hexadecimal(bytes) };
    let mut shown = String::new();
    for char in text.chars() {
        match char {
            '\n' | '\t' => shown.push(char),
            char if char.is_control() => shown.extend(char.escape_debug()),
            char => shown.push(char),
        }
    }
    shown
}

/// Formats bytes in lines like `00000010  7b 22 65 …  |{"e…|`. Own code for a dump of one format.
fn hexadecimal(bytes: &[u8]) -> String {
    let mut dump = String::new();
    let shown = &bytes[..bytes.len().min(HEX_BYTES_MAX)];
    for (number, line) in shown.chunks(HEX_BYTES_PER_LINE).enumerate() {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let readable =
            |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        let text: String = line.iter().map(readable).collect();
        let (offset, width) = (number * HEX_BYTES_PER_LINE, HEX_BYTES_PER_LINE * 3 - 1);
        // Writing to a String does not fail.
        let _ = writeln!(dump, "{offset:08x}  {:width$}  |{text}|", hex.join(" "));
    }
    let more = bytes.len() - shown.len();
    if more > 0 {
        let _ = writeln!(dump, "and {more} bytes more; --raw prints all");
    }
    dump.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_are_shown_in_hexadecimal() {
        let bytes = [b"\xff\xfe{\"event_id\":1}".as_slice(), &[0, b'~']].concat();
        assert_eq!(
            content(&bytes),
            "00000000  ff fe 7b 22 65 76 65 6e 74 5f 69 64 22 3a 31 7d  |..{\"event_id\":1}|\n\
             00000010  00 7e                                            |.~|"
        );
        let long = content(&[0xff; HEX_BYTES_MAX + 5]);
        assert!(long.ends_with("and 5 bytes more; --raw prints all"), "{long}");
    }

    #[test]
    fn control_characters_of_a_text_are_escaped() {
        assert_eq!(content("a\n\tb\u{1b}[2J é".as_bytes()), "a\n\tb\\u{1b}[2J é");
    }
}
