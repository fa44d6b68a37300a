//! The active check of one endpoint: asks it again and again, and says what became of it.

use std::sync::Arc;
use std::time::Duration;

use config::{HealthCheck, HealthQuestion, InitialHealth};
use http::{HeaderValue, StatusCode};
use model::{Address, CheckResult, CheckedState, Endpoint};
use outbound::{HttpQuestion, Probe, ProbeFailure, Protocol, Question};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use transport::{ClientTls, ProxyVersion};

use crate::patrol::Beat;
use crate::patrol::judge::Judge;

/// The check of one endpoint.
#[derive(Clone)]
pub(super) struct Check {
    upstream: Arc<str>,
    endpoint: Arc<Endpoint>,
    tls: Option<Arc<ClientTls>>,
    protocol: Protocol,
    announce: Option<ProxyVersion>,
    settings: HealthCheck,
}

/// All checks that are asked for: one for each endpoint, also where a reload has made two of one address one.
pub(super) fn all_of(beats: &[Arc<Beat>]) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for upstream in beats {
        let Some(settings) = &upstream.checks else { continue };
        for endpoint in &upstream.endpoints {
            let is_known = checks.iter().any(|check| Arc::ptr_eq(&check.endpoint.health, &endpoint.health));
            if !is_known {
                checks.push(Check {
                    upstream: Arc::clone(&upstream.name),
                    endpoint: Arc::clone(endpoint),
                    tls: upstream.pool.tls.clone(),
                    protocol: upstream.pool.protocol,
                    announce: upstream.pool.announce,
                    settings: settings.clone(),
                });
            }
        }
    }
    checks
}

impl Check {
    /// Whether it does what the other would.
    pub(super) fn is_same(&self, other: &Check) -> bool {
        self.upstream == other.upstream
            && Arc::ptr_eq(&self.endpoint.health, &other.endpoint.health)
            && self.endpoint.address == other.endpoint.address
            && self.endpoint.scheme == other.endpoint.scheme
            && self.tls.as_ref().map(Arc::as_ptr) == other.tls.as_ref().map(Arc::as_ptr)
            && self.protocol == other.protocol
            && self.announce == other.announce
            && self.settings == other.settings
    }

    /// What holds before the first check. What is known already stays.
    pub(super) fn prepare(&self) {
        let is_new = self.endpoint.health.checked() == CheckedState::Unknown;
        if is_new && self.settings.initial == InitialHealth::Unhealthy {
            self.endpoint.health.set_checked(CheckedState::Unhealthy);
        }
    }

    /// Asks for ever.
    pub(super) async fn run(self, permits: Arc<Semaphore>) {
        let settings = &self.settings;
        let known = self.endpoint.health.checked();
        let asked_before = self.endpoint.health.checks().any(|(_, count)| count > 0);
        let assumed = known == CheckedState::Unhealthy && !asked_before;
        let mut judge = Judge::new(settings.healthy_after, settings.unhealthy_after, known, assumed);
        let probe = self.probe();
        sleep(self.jitter()).await;
        loop {
            let began = Instant::now();
            // The semaphore is never closed.
            let permit = permits.acquire().await;
            let asked = probe.ask().await;
            drop(permit);
            self.hear(&asked, &mut judge);
            sleep_until(began + settings.interval + self.jitter()).await;
        }
    }

    fn probe(&self) -> Probe {
        let (endpoint, settings) = (&self.endpoint, &self.settings);
        Probe {
            label: Arc::clone(&endpoint.label),
            address: address_of(endpoint, settings.port),
            scheme: endpoint.scheme,
            tls: self.tls.clone(),
            protocol: self.protocol,
            announce: self.announce,
            question: question_of(endpoint, &settings.question),
            timeout: settings.timeout,
        }
    }

    fn jitter(&self) -> Duration {
        let most = self.settings.interval * u32::from(self.settings.jitter.in_percent()) / 100;
        most.mul_f64(fastrand::f64())
    }

    fn hear(&self, asked: &Result<(), ProbeFailure>, judge: &mut Judge) {
        let health = &self.endpoint.health;
        let (upstream, endpoint) = (&self.upstream, &self.endpoint.label);
        let before = health.checked();
        if health.count_check(result_of(asked)) {
            tracing::info!(%upstream, %endpoint, reason = "check passed", "endpoint readmitted");
        }
        let Some(state) = judge.hear(asked.is_ok()) else { return };
        health.set_checked(state);
        match asked {
            Err(reason) => tracing::warn!(%upstream, %endpoint, %reason, "endpoint found unhealthy"),
            Ok(()) if before == CheckedState::Unhealthy => {
                tracing::info!(%upstream, %endpoint, "endpoint found healthy");
            }
            Ok(()) => {}
        }
    }
}

fn result_of(asked: &Result<(), ProbeFailure>) -> CheckResult {
    match asked {
        Ok(()) => CheckResult::Passed,
        Err(ProbeFailure::TimedOut(_)) => CheckResult::TimedOut,
        Err(_) => CheckResult::Failed,
    }
}

fn question_of(endpoint: &Endpoint, question: &HealthQuestion) -> Question {
    let host = |host: &Option<HeaderValue>| host.clone().unwrap_or_else(|| authority_field(endpoint));
    match question {
        HealthQuestion::Tcp => Question::Tcp,
        HealthQuestion::Grpc { service, host: named } => {
            Question::Grpc { service: Arc::clone(service), host: host(named) }
        }
        HealthQuestion::Http { method, path, host: named, statuses, body } => {
            let statuses = statuses.clone();
            Question::Http(HttpQuestion {
                method: method.clone(),
                path: path.clone(),
                host: host(named),
                is_good: Arc::new(move |status: StatusCode| {
                    statuses.iter().any(|s| s.contains(status.as_u16()))
                }),
                body: body.clone(),
            })
        }
    }
}

fn address_of(endpoint: &Endpoint, port: Option<u16>) -> Address {
    match (&endpoint.address, port) {
        (Address::Tcp { host, ip, .. }, Some(port)) => Address::Tcp { host: Arc::clone(host), port, ip: *ip },
        (address, _) => address.clone(),
    }
}

fn authority_field(endpoint: &Endpoint) -> HeaderValue {
    HeaderValue::try_from(endpoint.authority()).unwrap_or(HeaderValue::from_static("localhost"))
}
