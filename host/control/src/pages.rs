//! Pages: what each path of the admin address answers. Only GET (and HEAD, which RFC 9110 section 9.3.2 ties to it) is
//! allowed, but for changes, which are POST; nothing else takes a body, and nothing a query.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use server::Monitor;

use crate::metrics::Metrics;
use crate::upstreams;

/// What the encoder writes. Prometheus has read it since version 2.5, whatever it asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All pages. What is none of them is not found, and what is no GET is not allowed.
pub(crate) fn pages(monitor: Arc<Monitor>) -> Router {
    let metrics = Arc::new(Metrics::of(Arc::clone(&monitor)));
    let change = post(upstreams::change).layer(DefaultBodyLimit::max(upstreams::CHANGE_LIMIT));
    let upstreams = Router::new()
        .route("/upstreams/{name}", get(upstreams::show))
        // The rest of the path, as an address has slashes; they may be escaped, too.
        .route("/upstreams/{name}/endpoints/{*label}", change)
        .with_state(monitor);
    let looks = Router::new().route("/health", get(health)).route("/metrics", get(show_metrics));
    looks.with_state(metrics).merge(upstreams)
}

/// Who gets this answer knows that the process runs and that its control thread is not stuck.
async fn health() -> &'static str {
    "ok\n"
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics can't be written: {error}\n"))
            .into_response(),
    }
}
