//! The ports over real endpoints: every call crosses the wire, as it does when deployed.

mod catalog;
mod days;
mod failures;
mod grants;
mod histories;
mod offers;
mod query;
mod samples;
mod stock;
mod stored_form;
mod stream;
mod tables;
mod world;
