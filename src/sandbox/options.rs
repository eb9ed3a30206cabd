//! What a sandbox can be told when it is started.

use std::time::Duration;

use super::cybedefend::CybeDefendOptions;
use super::cyberorigen::CyberOrigenOptions;
use super::dialect::Dialect;
use super::fault::Fault;
use crate::clock::Clock;

/// Everything that can be chosen; the default is every platform, each one that works, on free ports, with random credentials.
pub struct SandboxOptions {
    /// The platforms that it emulates.
    pub dialects: Vec<Dialect>,
    /// The port of the first platform's API on 127.0.0.1; the others' follow it. With 0 each takes a free one. Identity provider
    /// and object storage always take free ones.
    pub port: u16,
    /// The time by which scans advance and tokens end.
    pub clock: Clock,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How long the sandbox waits for a request to any platform before it ends.
    pub idle: Duration,
    /// What concerns CybeDefend alone.
    pub cybedefend: CybeDefendOptions,
    /// What concerns CyberOrigen alone.
    pub cyberorigen: CyberOrigenOptions,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            dialects: Dialect::ALL.to_vec(),
            port: 0,
            clock: Clock::system(),
            faults: Vec::new(),
            idle: Duration::from_hours(1),
            cybedefend: CybeDefendOptions::default(),
            cyberorigen: CyberOrigenOptions::default(),
        }
    }
}
