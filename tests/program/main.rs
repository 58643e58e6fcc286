//! Tests of the `daymark` program from outside: the program is a process, and the tests use its
//! command line, its output, HTTP and the AWS SDKs.

mod access;
mod bread_basket;
mod catalog;
mod clients;
mod cost;
mod crash;
mod damaged_files;
mod days;
mod decide;
mod demo;
mod dynamodb_stub;
mod effect;
mod formats;
mod full_disk;
mod gaps;
mod history;
mod offers;
mod price;
mod quarantine;
mod readme;
mod redrive;
mod restart;
mod screens;
mod send;
mod simulate_pricing;
mod slow_clients;
mod stage;
mod start_errors;
mod support;
mod till_clients;
mod up;
mod wrong_clock;
