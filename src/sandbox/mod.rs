//! An emulator of the platforms on the loopback interface, for trying a pipeline without an account (DESIGN section 12).
//!
//! It is written from `contracts/` alone and imports nothing of `platform` or `http`: a client and an emulator that shared code
//! would share its mistakes. It is no scanner to rely on; [`rules`] says what it looks for. `docs/sandbox.md` is the page for users.
//!
//! * [`Server`] listens; [`serve`] is the body of `scangate sandbox`.
//! * [`SandboxOptions`] says what it is told, [`Fault`] what goes wrong.
//! * `cybedefend` is the dialect: its state is pure and advances with the clock, so that nothing runs in the background.

mod announcement;
mod archive;
mod cybedefend;
mod entropy;
mod fault;
mod host;
mod options;
pub mod rules;
mod server;

pub use announcement::{Announcement, Served, serve};
pub use fault::{Fault, Kind, NotAFault, Place};
pub use options::{Plan, Policy, Ports, SandboxOptions, UploadLimits};
pub use server::Server;
