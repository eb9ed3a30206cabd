//! The integration tests: one binary, the program as a process, real sockets.

mod action;
mod architecture;
mod archive;
mod cli;
mod cybedefend_client;
mod demo;
mod github;
mod harness;
mod http;
mod readme;
mod report;
mod sandbox;
mod scan;
mod served;
mod settings;
