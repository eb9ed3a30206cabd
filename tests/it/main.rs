//! The integration tests: one binary, the program as a process, real sockets.

mod architecture;
mod cli;
mod cybedefend_client;
mod harness;
mod readme;
mod settings;
mod http;
mod report;
mod archive;
mod sandbox;
