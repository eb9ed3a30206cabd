//! The integration tests: one binary, the program as a process, real sockets.

mod cli;
mod harness;
mod settings;
mod cybedefend_client;
