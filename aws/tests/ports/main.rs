//! Ports over local endpoints: every call uses the network, as in a deployment.

mod catalog;
mod catalogue_tick;
mod chain_items;
mod days;
mod failures;
mod faults;
mod grants;
mod histories;
mod observed_calls;
mod offers;
mod query;
mod samples;
mod stock;
mod stored_form;
mod stream;
mod tables;
mod world;
