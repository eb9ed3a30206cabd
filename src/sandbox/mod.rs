//! An emulator of the platforms on the loopback interface, for trying a pipeline without an account (DESIGN section 12).
//!
//! It is written from `contracts/` alone and imports nothing of `platform` or `http`: a client and an emulator that shared code
//! would share its mistakes. It is no scanner to rely on; [`rules`] says what it looks for. `docs/sandbox.md` is the page for users.
//!
//! * [`Server`] listens; [`serve`] is the body of `scangate sandbox`.
//! * [`SandboxOptions`] says what it is told, [`Fault`] what goes wrong, [`Access`] what a client needs.
//! * Each [`Dialect`] is a folder with routes, state, options and faults of its own. Its state is pure and advances with the clock, so
//!   that nothing runs in the background. What they share is `core`: time, randomness, faults and the idle time; and `edge`, which
//!   every request goes through.

mod access;
mod announcement;
mod archive;
mod attacks;
mod bearer;
mod bestdefense;
mod call;
mod core;
mod cybedefend;
mod cyberorigen;
mod cybrium;
mod dialect;
mod edge;
mod entropy;
mod fault;
mod host;
mod invented;
mod json;
mod listener;
mod options;
mod query;
pub mod rules;
mod run;
mod server;

pub use access::Access;
pub use announcement::{Announcement, Served, serve};
pub use bestdefense::{BestDefenseAccess, BestDefenseFault, Permission, Site};
pub use cybedefend::{CybeDefendAccess, CybeDefendFault, CybeDefendOptions, Plan, Policy, UploadLimits};
pub use cyberorigen::{CyberOrigenAccess, CyberOrigenFault, CyberOrigenOptions};
pub use cybrium::{CybriumAccess, CybriumFault};
pub use dialect::Dialect;
pub use fault::{Fault, Kind, NotAFault, Place};
pub use options::SandboxOptions;
pub use server::Server;
