//! A platform as the pipeline drives it: without its type, so that the pipeline is compiled once and not for each of them.
//!
//! Only the futures of a platform's own steps stand behind a pointer, which is made anew for each step and lives as long as it.

use futures_util::future::LocalBoxFuture;

use crate::finding::ScanReference;
use crate::http::Client;
use crate::platform::{
    About, Cancelled, Collected, Error, Patience, Platform, PolicyAnswer, Request, ScanState, Subject,
};

/// What a step comes to.
type Step<'a, T> = LocalBoxFuture<'a, Result<T, Error>>;

/// How a platform is signed in to.
pub(super) type SignIn = fn(Client, Request) -> Step<'static, Box<dyn Driver>>;

/// The methods of [`Platform`], each as a step.
pub(super) trait Driver {
    fn about(&self) -> &'static About;
    fn start<'a>(&'a self, subject: &'a Subject, created: &'a mut dyn FnMut(&ScanReference))
    -> Step<'a, ScanReference>;
    fn check<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, ScanState>;
    fn findings<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, Collected>;
    fn policy<'a>(&'a self, scan: &'a ScanReference, patience: Patience<'a>) -> Step<'a, PolicyAnswer>;
    fn cancel<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, Cancelled>;
}

/// Signs in to a platform of this type.
pub(super) fn sign_in<P: Platform + 'static>(client: Client, request: Request) -> Step<'static, Box<dyn Driver>> {
    Box::pin(async { Ok(Box::new(P::sign_in(client, request).await?) as Box<dyn Driver>) })
}

impl<P: Platform> Driver for P {
    fn about(&self) -> &'static About {
        &P::ABOUT
    }

    fn start<'a>(
        &'a self,
        subject: &'a Subject,
        created: &'a mut dyn FnMut(&ScanReference),
    ) -> Step<'a, ScanReference> {
        Box::pin(Platform::start(self, subject, created))
    }

    fn check<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, ScanState> {
        Box::pin(Platform::check(self, scan))
    }

    fn findings<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, Collected> {
        Box::pin(Platform::findings(self, scan))
    }

    fn policy<'a>(&'a self, scan: &'a ScanReference, patience: Patience<'a>) -> Step<'a, PolicyAnswer> {
        Box::pin(Platform::policy(self, scan, patience))
    }

    fn cancel<'a>(&'a self, scan: &'a ScanReference) -> Step<'a, Cancelled> {
        Box::pin(Platform::cancel(self, scan))
    }
}
