//! `daymark decide`: pricing decisions as a filter, without a database or a server.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use clap::Args;
use pricing::contract::{LINE_BYTES_MAX, answer_line, too_long};

use crate::CommandError;

/// Decide requests from standard input: one request on each line, one decision on each line
///
/// A request is a JSON object with the stock on hand, today's sales, the usual day and the
/// retailer's rules. The answer has the price to show, the reason, and the expected result of every
/// step of the ladder. The same code decides for the stores. A line that cannot be decided is
/// answered in its place with the field and the rule; other lines are not affected.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark decide < requests.ndjson > decisions.ndjson
  daymark offers explain OFFER --request | daymark decide")]
pub(crate) struct DecideArgs {}

/// Maximum number of answers that wait to be read, about 100 MB of usual ones. Beyond it the next
/// line is read after an answer is taken.
const PENDING_MAX: usize = 50_000;

/// A thread writes the answers, so that a caller may send thousands of lines before it reads: a
/// full output pipe does not block the input.
pub(crate) fn run(_: &DecideArgs) -> Result<ExitCode, CommandError> {
    let (answers, waiting) = sync_channel::<String>(PENDING_MAX);
    let writer = thread::Builder::new().name("answers".to_owned());
    let writer = writer.spawn(move || {
        let mut output = io::stdout().lock();
        for answer in waiting {
            // The reader has closed the pipe.
            if writeln!(output, "{answer}").and_then(|()| output.flush()).is_err() {
                break;
            }
        }
    })?;
    let read = answer_all(&mut io::stdin().lock(), &answers);
    drop(answers);
    writer.join().map_err(|_| "the thread that writes the answers panicked")?;
    read?;
    Ok(ExitCode::SUCCESS)
}

fn answer_all(input: &mut impl BufRead, answers: &SyncSender<String>) -> io::Result<()> {
    let mut number = 0;
    while let Some(line) = next_line(input)? {
        number += 1;
        let answer = match line {
            InputLine::Complete(line) => answer_line(&line, number),
            InputLine::TooLong => Some(too_long(number)),
        };
        if let Some(answer) = answer
            && answers.send(answer).is_err()
        {
            break;
        }
    }
    Ok(())
}

enum InputLine {
    Complete(Vec<u8>),
    TooLong,
}

fn next_line(input: &mut impl BufRead) -> io::Result<Option<InputLine>> {
    let mut line = Vec::new();
    // The line end takes up to two bytes.
    let limit = LINE_BYTES_MAX as u64 + 2;
    input.by_ref().take(limit).read_until(b'\n', &mut line)?;
    if line.len() as u64 == limit && !line.ends_with(b"\n") {
        skip_line(input)?;
        return Ok(Some(InputLine::TooLong));
    }
    Ok((!line.is_empty()).then_some(InputLine::Complete(line)))
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
