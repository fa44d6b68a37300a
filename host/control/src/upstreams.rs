//! Upstreams on the admin address: what their endpoints are, and what they are to take.
//!
//! A change is an operator's, so it has to be allowed by `admin.allow_changes`, and it must not come from a browser: a
//! page that an operator looks at could send one as well. Browsers say so in Origin (Fetch standard, section 3.2).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use generation::{Generation, Upstream};
use model::{Endpoint, State};
use serde::{Deserialize, Serialize};
use server::Monitor;

/// Bytes of a change.
pub(crate) const CHANGE_LIMIT: usize = 4 << 10;

/// What an endpoint is to take from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    state: String,
}

/// An endpoint as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    endpoint: &'a str,
    state: &'static str,
    usable: bool,
    active_requests: u32,
    weight: u32,
    priority: u8,
    backup: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
}

/// Why a change is refused.
type Refusal = (StatusCode, String);

/// The endpoints of an upstream.
pub(crate) async fn show(Shared(monitor): Shared<Arc<Monitor>>, Path(name): Path<String>) -> Response {
    let generation = monitor.generation();
    let upstream = match find(&generation, &name) {
        Ok(upstream) => upstream,
        Err(refusal) => return refusal.into_response(),
    };
    let now_ms = monitor.now_ms();
    json(&upstream.endpoints.iter().map(|endpoint| Shown::new(endpoint, now_ms)).collect::<Vec<_>>())
}

/// Changes the state of an endpoint.
pub(crate) async fn change(
    Shared(monitor): Shared<Arc<Monitor>>,
    Path((name, label)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match apply(&monitor, &name, &label, &headers, &body) {
        Ok(shown) => shown,
        Err(refusal) => refusal.into_response(),
    }
}

fn apply(
    monitor: &Monitor,
    name: &str,
    label: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Refusal> {
    let generation = monitor.generation();
    allowed(&generation, headers)?;
    let upstream = find(&generation, name)?;
    let endpoints: Vec<_> = upstream.endpoints.iter().filter(|e| e.label.as_ref() == label).collect();
    if endpoints.is_empty() {
        return Err((StatusCode::NOT_FOUND, format!("upstream `{name}` has no endpoint {label:?}\n")));
    }
    let state = wanted(body)?;
    for endpoint in &endpoints {
        endpoint.standing.duty.tell(state);
    }
    tracing::info!(upstream = name, endpoint = label, state = state.name(), "endpoint state changed");
    let now_ms = monitor.now_ms();
    Ok(json(&endpoints.iter().map(|endpoint| Shown::new(endpoint, now_ms)).collect::<Vec<_>>()))
}

fn allowed(generation: &Generation, headers: &HeaderMap) -> Result<(), Refusal> {
    let admin = generation.config.admin.as_ref();
    if !admin.is_some_and(|admin| admin.allow_changes) {
        let message = "changes are not allowed here: `admin.allow_changes` is not `true`\n";
        return Err((StatusCode::FORBIDDEN, message.to_owned()));
    }
    if headers.contains_key(ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "changes from browsers are not allowed\n".to_owned()));
    }
    Ok(())
}

fn find<'a>(generation: &'a Generation, name: &str) -> Result<&'a Upstream, Refusal> {
    let found = generation.upstreams.iter().find(|upstream| upstream.name.as_ref() == name);
    found
        .map(AsRef::as_ref)
        .ok_or_else(|| (StatusCode::NOT_FOUND, format!("no upstream has the name {name:?}\n")))
}

fn wanted(body: &Bytes) -> Result<State, Refusal> {
    let change: Change = serde_json::from_slice(body).map_err(|error| {
        (StatusCode::BAD_REQUEST, format!("expected a body such as {{\"state\": \"drain\"}}: {error}\n"))
    })?;
    State::named(&change.state).ok_or_else(|| {
        let names = State::ALL.map(State::name).join("`, `");
        (StatusCode::BAD_REQUEST, format!("expected one of `{names}`, found {:?}\n", change.state))
    })
}

impl<'a> Shown<'a> {
    fn new(endpoint: &'a Endpoint, now_ms: u64) -> Self {
        let micros = endpoint.standing.latency.as_ref().and_then(|latency| latency.micros(now_ms));
        Shown {
            endpoint: &endpoint.label,
            state: endpoint.standing.duty.state().name(),
            usable: endpoint.takes_new() && endpoint.health.is_usable(now_ms),
            active_requests: endpoint.health.active(),
            weight: endpoint.weight,
            priority: endpoint.standing.priority,
            backup: endpoint.backup,
            latency_ms: micros.map(|micros| f64::from(micros.round()) / 1000.0),
        }
    }
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Reply, Running, send};

    async fn post(running: &Running, path: &str, fields: &str, body: &str) -> Reply {
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {length}\r\n\r\n{body}");
        send(running.admin.address, &request).await
    }

    #[tokio::test]
    async fn endpoints_are_shown() {
        let running = Running::start().await;
        running.visit("/bad").await;
        let reply = running.admin.get("/upstreams/bad").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let shown: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(shown[0]["endpoint"], running.bad.as_str());
        assert_eq!((&shown[0]["state"], &shown[0]["usable"]), (&"up".into(), &false.into()));
        assert_eq!(running.admin.get("/upstreams/other").await.status, 404);
    }

    #[tokio::test]
    async fn changes_have_to_be_allowed() {
        let running = Running::start().await;
        let path = format!("/upstreams/good/endpoints/{}", running.good);
        let reply = post(&running, &path, "", r#"{"state": "drain"}"#).await;
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(reply.body.contains("allow_changes"), "{reply:?}");
        assert_eq!(running.visit("/good").await.status, 200);
    }

    #[tokio::test]
    async fn a_change_takes_effect_and_a_wrong_one_is_refused() {
        let running = Running::start_with("{ address: \"127.0.0.1:0\", allow_changes: true }").await;
        let path = format!("/upstreams/good/endpoints/{}", running.good);
        let escaped = path.replace("http://", "http%3A%2F%2F");
        for (path, fields, body, status) in [
            (path.as_str(), "Origin: http://x\r\n", r#"{"state": "drain"}"#, 403),
            (&path, "", r#"{"state": "down"}"#, 400),
            (&path, "", r#"{"state": "drain", "weight": 1}"#, 400),
            (&path, "", "drain", 400),
            (&path, "", &"x".repeat(super::CHANGE_LIMIT + 1), 413),
            ("/upstreams/other/endpoints/x", "", r#"{"state": "drain"}"#, 404),
            ("/upstreams/good/endpoints/x", "", r#"{"state": "drain"}"#, 404),
        ] {
            assert_eq!(post(&running, path, fields, body).await.status, status, "{path} {fields} {body}");
        }
        assert_eq!(running.visit("/good").await.status, 200);
        assert_eq!(post(&running, &path, "", r#"{"state": "maintenance"}"#).await.status, 200);
        assert_eq!(running.visit("/good").await.status, 503);
        assert_eq!(post(&running, &escaped, "", r#"{"state": "up"}"#).await.status, 200);
        assert_eq!(running.visit("/good").await.status, 200);
    }
}
