//! The emulator, a stage on it, and the program on one machine beside it.

mod api;
mod aws;
mod emulator;
mod eventually;
#[path = "../program/support/http.rs"]
#[expect(dead_code, reason = "the front door's tests use the rest")]
mod http;
#[path = "../program/support/program.rs"]
#[expect(dead_code, reason = "the front door's tests use the rest")]
mod program;
mod schedule;
#[path = "../program/support/skipped.rs"]
mod skipped;
mod stage;
mod stock;
mod terminator;
#[path = "../program/support/till.rs"]
#[expect(dead_code, reason = "the front door's tests use the rest")]
mod till;
mod twin;

pub(crate) use api::{FIGURES, READ, READER, WRITE};
pub(crate) use aws::{ACCOUNT, Aws, REGION};
pub(crate) use eventually::eventually;
pub(crate) use http::{ApiClient, run};
pub(crate) use program::UpProcess;
pub(crate) use schedule::early_in_a_slot;
pub(crate) use skipped::skipped;
pub(crate) use stage::{Stage, deployed};
pub(crate) use stock::{deployed_stock, stock_alike};
pub(crate) use till::{event, now};
pub(crate) use twin::{Items, deployed_items, has_processed, kept_alike, kept_by};
