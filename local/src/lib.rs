//! Infrastructure of one machine: an HTTP server, a DynamoDB endpoint, and services on threads of
//! their own.
//!
//! ```
//! use axum::{Router, routing::get};
//! use local::http::HttpServer;
//! use local::service::ServiceThread;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = HttpServer::bind(([127, 0, 0, 1], 0).into())?;
//! let router = Router::new().route("/healthz", get(async || "ok"));
//! let service = ServiceThread::start("api", |stop| server.serve(router, stop))?;
//! service.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod access;
mod body_budget;
pub mod dynamodb;
pub mod gathering_log;
pub mod http;
mod keep_alive;
pub mod service;
