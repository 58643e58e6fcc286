//! The contract `api/openapi.yaml`, compared with the program: routes, examples, answers, words,
//! random bodies, and the files that are generated from it.

mod answers;
mod api;
mod body_generator;
mod coverage;
mod document;
mod event_generator;
mod examples;
mod generated;
mod node;
mod offer_words;
mod page;
mod page_schema;
mod portability;
mod random_bodies;
mod routes;
mod row_schemas;
mod schema;
mod support;
mod vocabulary;
