//! The integration tests: one binary, the program as a process, real sockets.

mod action;
mod architecture;
mod archive;
mod cli;
mod cybedefend_client;
mod cybedefend_traps;
mod demo;
mod foreign_server;
mod github;
mod harness;
mod http;
mod readme;
mod report;
mod sandbox;
mod scan;
mod served;
mod settings;
mod several;
