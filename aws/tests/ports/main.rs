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
mod pages;
mod progress;
mod retained;
mod samples;
mod stock_log;
mod stored_form;
mod stream;
mod tables;
mod unprocessed;
mod windows;
mod world;
