//! The emulated platforms as one thing that starts and ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::access::Access;
use super::bestdefense::{self, BestDefenseAccess};
use super::core::{Core, Life};
use super::cybedefend::{self, CybeDefendAccess};
use super::cyberorigen::{self, CyberOrigenAccess};
use super::cybrium::{self, CybriumAccess};
use super::dialect::Dialect;
use super::listener::{Bound, Emulation};
use super::options::SandboxOptions;

/// How long [`Server::shutdown`] waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(2);

/// A running sandbox. It ends when it is dropped, when [`Server::shutdown`] is called, or after its idle time.
pub struct Server {
    accesses: Vec<Access>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Listens on ports of 127.0.0.1 and serves on the current runtime.
    ///
    /// The error is the operating system's: a port that is taken, or no random source.
    pub async fn start(mut options: SandboxOptions) -> io::Result<Self> {
        let (stop, _) = watch::channel(false);
        let life = Arc::new(Life::new(&options.clock, options.idle, stop.clone()));
        let mut server = Self { accesses: Vec::new(), stop, tasks: JoinSet::new() };
        let wanted: Vec<_> = Dialect::ALL.into_iter().filter(|dialect| options.dialects.contains(dialect)).collect();
        for (dialect, offset) in wanted.into_iter().zip(0_u16..) {
            let api = Bound::new(if options.port == 0 { 0 } else { options.port.saturating_add(offset) }).await?;
            let core = Arc::new(Core::new(dialect, &options.faults, &options.clock, &life)?);
            let emulation = match dialect {
                Dialect::CybeDefend => cybedefend::emulate(core, api, std::mem::take(&mut options.cybedefend)).await?,
                Dialect::Cybrium => cybrium::emulate(core, api)?,
                Dialect::CyberOrigen => cyberorigen::emulate(core, api, std::mem::take(&mut options.cyberorigen))?,
                Dialect::BestDefense => bestdefense::emulate(core, api)?,
            };
            server.add(emulation);
        }
        // A simulated clock moves for whoever waits on it, so that there the idle time is looked at when a request comes.
        if !options.clock.is_simulated() {
            tokio::spawn(async move { life.end_when_idle().await });
        }
        Ok(server)
    }

    fn add(&mut self, emulation: Emulation) {
        for (listener, router) in emulation.origins {
            self.tasks.spawn(listener.serve(router, self.stop.subscribe()));
        }
        self.accesses.push(emulation.access);
    }

    /// How each of its platforms is reached.
    pub fn accesses(&self) -> &[Access] {
        &self.accesses
    }

    /// How CybeDefend is reached, if it is emulated.
    pub fn cybedefend(&self) -> Option<&CybeDefendAccess> {
        self.accesses
            .iter()
            .find_map(|access| if let Access::CybeDefend(access) = access { Some(access) } else { None })
    }

    /// How Cybrium is reached, if it is emulated.
    pub fn cybrium(&self) -> Option<&CybriumAccess> {
        self.accesses.iter().find_map(|access| if let Access::Cybrium(access) = access { Some(access) } else { None })
    }

    /// How CyberOrigen is reached, if it is emulated.
    pub fn cyberorigen(&self) -> Option<&CyberOrigenAccess> {
        self.accesses
            .iter()
            .find_map(|access| if let Access::CyberOrigen(access) = access { Some(access) } else { None })
    }

    /// How BestDefense is reached, if it is emulated.
    pub fn bestdefense(&self) -> Option<&BestDefenseAccess> {
        self.accesses
            .iter()
            .find_map(|access| if let Access::BestDefense(access) = access { Some(access) } else { None })
    }

    /// Waits until the sandbox has ended by itself, after its idle time.
    pub async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends the sandbox: no new connections, and requests being answered have two seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // Whatever is not done by then is cut off by dropping the tasks.
        tokio::time::timeout(GRACE, self.ended()).await.unwrap_or_default();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
