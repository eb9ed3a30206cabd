//! The integration tests: one binary, the program as a process, real sockets.

mod action;
mod api;
mod architecture;
mod archive;
mod bestdefense_client;
mod bestdefense_run;
mod cli;
mod cybedefend_client;
mod cybedefend_traps;
mod cyberorigen_client;
mod cyberorigen_run;
mod cybrium_client;
mod demo;
mod foreign_server;
mod github;
mod harness;
mod http;
mod pipeline;
mod readme;
mod report;
mod sandbox;
mod scan;
mod served;
mod settings;
