//! `daymark decide`: the pricing as a filter, without a database or a server.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use clap::Args;
use pricing::contract::{LINE_BYTES_MAX, answer_line, too_long};

use crate::Failed;

/// Decide about situations from standard input: one request a line in, one decision a line out
///
/// A request is a JSON object that says what is on hand, what was sold today, what is usual, and
/// the rules of the retailer. The answer names the price to show, what is expected of it and of
/// every other step, and why. It is the code that decides in the shops. A line that cannot be
/// decided is answered in its place with the field and the rule; the others are not affected.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark decide < requests.ndjson > decisions.ndjson
  daymark offers explain OFFER --request | daymark decide")]
pub(crate) struct Flags {}

/// Most answers that wait for their reader, some 100 MB of ordinary ones. Beyond that the next line
/// is not taken before one is read.
const AHEAD_MAX: usize = 50_000;

/// Whoever sends thousands of lines before reading one must not be held up by a full pipe, so
/// answers are written by a thread of their own.
pub(crate) fn run(_: &Flags) -> Result<ExitCode, Failed> {
    let (answers, waiting) = sync_channel::<String>(AHEAD_MAX);
    let writer = thread::Builder::new().name("answers".to_owned());
    let writer = writer.spawn(move || {
        let mut output = io::stdout().lock();
        for answer in waiting {
            // Who reads no further wants no more answers.
            if writeln!(output, "{answer}").and_then(|()| output.flush()).is_err() {
                break;
            }
        }
    })?;
    let read = answer_all(&mut io::stdin().lock(), &answers);
    drop(answers);
    writer.join().map_err(|_| "writing the answers broke off")?;
    read?;
    Ok(ExitCode::SUCCESS)
}

fn answer_all(input: &mut impl BufRead, answers: &SyncSender<String>) -> io::Result<()> {
    let mut number = 0;
    while let Some(line) = next_line(input)? {
        number += 1;
        let answer = match line {
            Line::Whole(line) => answer_line(&line, number),
            Line::TooLong => Some(too_long(number)),
        };
        if let Some(answer) = answer
            && answers.send(answer).is_err()
        {
            break;
        }
    }
    Ok(())
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    // With room for the line's end.
    let limit = LINE_BYTES_MAX as u64 + 2;
    input.by_ref().take(limit).read_until(b'\n', &mut line)?;
    if line.len() as u64 == limit && !line.ends_with(b"\n") {
        skip_line(input)?;
        return Ok(Some(Line::TooLong));
    }
    Ok((!line.is_empty()).then_some(Line::Whole(line)))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |end| end + 1);
        let is_over = end.is_some() || read == 0;
        input.consume(read);
        if is_over {
            return Ok(());
        }
    }
}
