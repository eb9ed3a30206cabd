//! The integration tests: one binary, the program as a process, real sockets.

mod sandbox;
