//! What the receiver promises, tried through its router over a scripted log.

mod authority;
mod bounds;
mod formats;
mod paths;
mod property;
mod rules;
mod storing;
mod support;
