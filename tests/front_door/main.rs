//! The front door: the `daymark` program as a person or a till meets it, as a process of its own,
//! through its command line, its printed lines, HTTP and the AWS SDKs.

mod answers;
mod axe;
mod bread_basket;
mod catalog;
mod clients;
mod cost;
mod damage;
mod days;
mod decide;
mod demo;
mod effect;
mod endpoints;
mod full_disk;
mod gaps;
mod history;
mod hostile;
mod offers;
mod quarantine;
mod redrive;
mod refusals;
mod restart;
mod send;
mod simulate_pricing;
mod stage;
mod stand_in;
mod support;
