//! Tenant: an exchange that took a tenant's route is let in, or is refused for what the tenant uses already.
//!
//! It is asked once, before a guest of the tenant's is begun; what an exchange that was let in uses beyond is missing to the
//! next.

use generation::Route;
use model::Exchange;

use crate::exchange::halt::{self, Halted};

/// Lets it in. A route that is nobody's costs a look at it.
pub(super) fn admit(route: &Route, mut exchange: Box<Exchange>) -> Result<Box<Exchange>, Box<Halted>> {
    let Some(owner) = &route.tenant else { return Ok(exchange) };
    let (visit, entered) = owner.tenant.enter();
    exchange.tenant = Some(visit);
    let entered = entered.and_then(|()| match owner.runs_guests {
        true => owner.tenant.may_compute(),
        false => Ok(()),
    });
    halt::unless(exchange, entered).map(|(exchange, ())| exchange)
}
