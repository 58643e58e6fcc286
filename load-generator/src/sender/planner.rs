//! Writes the bodies of the requests ahead of their instants, on a thread of its own.

use std::io::Write;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;

use bytes::Bytes;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;

use crate::plan::{Leg, Plan, PlannedRequest};
use crate::scenario::Compression;

/// Requests that are written ahead.
const AHEAD: usize = 4_096;

/// Request that is ready to be sent.
#[derive(Debug)]
pub struct Prepared {
    /// Number of the request in the run, over all parts and legs.
    pub number: u64,
    /// Planned instant, in microseconds after the start of the run.
    pub at_us: u64,
    /// Events.
    pub events: u32,
    /// Events that must be refused.
    pub poison: u32,
    /// Events, one JSON object a line.
    pub plain: String,
    /// Compressed body. `None` without compression.
    pub compressed: Option<Bytes>,
}

/// Thread that writes the requests of the legs of a run.
#[derive(Debug)]
pub struct Planner {
    plan: Arc<Plan>,
    part: Part,
    /// Number of requests of the legs so far, in all parts.
    numbered: u64,
    legs: usize,
    jobs: std_mpsc::Sender<Job>,
}

/// Requests of legs, in the order of their instants.
#[derive(Debug)]
pub struct PlannedLegs {
    /// Number of requests.
    pub len: u64,
    requests: mpsc::Receiver<Prepared>,
}

#[derive(Debug)]
struct Job {
    requests: Vec<(u64, PlannedRequest)>,
    prepared: mpsc::Sender<Prepared>,
}

/// Part of the stores that a process sends: those whose index leaves `number - 1` when divided by
/// `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Number, from 1.
    pub number: u32,
    /// Number of all parts.
    pub of: u32,
}

impl Prepared {
    /// Returns the body as it is sent: compressed, or plain.
    #[must_use]
    pub fn body(&self) -> Bytes {
        match &self.compressed {
            Some(bytes) => bytes.clone(),
            None => self.plain.clone().into(),
        }
    }
}

impl Prepared {
    /// Bytes of the body as it is sent.
    #[must_use]
    pub(super) fn body_len(&self) -> usize {
        self.compressed.as_ref().map_or(self.plain.len(), Bytes::len)
    }
}

impl Part {
    /// The whole run.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// `true` if the part sends the requests of a store.
    #[must_use]
    pub fn has(self, store: u32) -> bool {
        store % self.of == self.number - 1
    }
}

impl Planner {
    /// Starts the thread.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a thread.
    pub fn start(plan: Arc<Plan>, part: Part, compression: Compression) -> std::io::Result<Self> {
        let (jobs, received) = std_mpsc::channel();
        let of_thread = plan.clone();
        thread::Builder::new()
            .name("load-plan".to_owned())
            .spawn(move || write_all(&of_thread, &received, compression))?;
        Ok(Self { plan, part, numbered: 0, legs: 0, jobs })
    }

    /// Plans the next legs of the run. Their requests are written from now on, as far ahead as
    /// there is room.
    pub fn legs(&mut self, legs: &[Leg]) -> PlannedLegs {
        let mut of_part = Vec::new();
        for leg in legs {
            let requests = self.plan.requests(leg, self.legs);
            let numbers = self.numbered..;
            self.legs += 1;
            self.numbered += requests.len() as u64;
            of_part
                .extend(numbers.zip(requests).filter(|(_, request)| self.part.has(request.store)));
        }
        let (prepared, requests) = mpsc::channel(AHEAD);
        let len = of_part.len() as u64;
        // The thread ends only with this value, unless it panicked: then the legs are empty.
        let _ = self.jobs.send(Job { requests: of_part, prepared });
        PlannedLegs { len, requests }
    }
}

impl From<Vec<Prepared>> for PlannedLegs {
    /// Creates legs of requests that are already written, in the order of their instants.
    fn from(requests: Vec<Prepared>) -> Self {
        let len = requests.len() as u64;
        let (prepared, receiver) = mpsc::channel(requests.len().max(1));
        for request in requests {
            // There is room for all of them.
            let _ = prepared.try_send(request);
        }
        Self { len, requests: receiver }
    }
}

impl PlannedLegs {
    /// Returns the next request; `None` at the end of the legs.
    pub(super) async fn next(&mut self) -> Option<Prepared> {
        self.requests.recv().await
    }

    /// Returns all requests.
    pub async fn collect(mut self) -> Vec<Prepared> {
        let mut requests = Vec::new();
        while let Some(request) = self.next().await {
            requests.push(request);
        }
        requests
    }
}

/// Writes the requests of all jobs, until the planner is dropped.
fn write_all(plan: &Plan, jobs: &std_mpsc::Receiver<Job>, compression: Compression) {
    let mut writer = plan.writer();
    while let Ok(Job { requests, prepared }) = jobs.recv() {
        for (number, request) in requests {
            let mut plain = String::new();
            let written = writer.write(&request, &mut plain);
            let compressed = compressed(&plain, compression);
            let request = Prepared {
                number,
                at_us: request.at_us,
                events: written.events,
                poison: written.poison,
                plain,
                compressed,
            };
            // The receiver is gone if the legs were ended early. The requests are written all the
            // same, because the later events of a store depend on them.
            let _ = prepared.blocking_send(request);
        }
    }
}

fn compressed(plain: &str, compression: Compression) -> Option<Bytes> {
    match compression {
        Compression::None => None,
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let written = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish());
            Some(written.expect("memory takes all bytes").into())
        }
        Compression::Zstd => {
            let written = zstd::encode_all(plain.as_bytes(), 1);
            Some(written.expect("memory takes all bytes").into())
        }
    }
}
