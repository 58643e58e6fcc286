//! Tests of the `daymark` program from outside: the program is a process, and the tests use its
//! command line, its output, HTTP and the AWS SDKs.

mod access;
mod analysts;
#[cfg(feature = "analysts")]
mod analysts_page;
mod bread_basket;
mod catalog;
mod catalog_version;
mod check;
mod clients;
mod cost;
mod crash;
mod damaged_files;
mod days;
mod decide;
mod demo;
mod dynamodb_stub;
mod earlier_folder;
mod effect;
mod escapes;
mod export;
#[cfg(feature = "analysts")]
mod export_queries;
mod figures;
mod first_start;
mod formats;
mod full_disk;
mod gaps;
mod history;
mod imports;
mod load;
mod offer_screens;
mod offers;
mod power_loss;
mod price;
mod quarantine;
mod readiness;
mod readme;
mod redrive;
mod replay;
mod restart;
mod restore;
mod screens;
mod send;
mod simulate_pricing;
mod slow_clients;
mod stage;
mod start_errors;
mod stock;
mod support;
mod till_clients;
mod till_files;
mod transfers;
mod tune;
mod up;
mod wrong_clock;
